"""What a profile of an interpreter gives to its build."""

ProfileInfo = provider(
    doc = "Counts of a training run.",
    fields = {
        "indexed": "File: what the compiler reads.",
        "text": "File: the committed text.",
    },
)
