"""The accounts of the images beside Debian's own."""

ACCOUNTS = {
    "groups": [
        {"name": "astro", "gid": 50000},
    ],
    # A user of Airflow's files: they belong to group root, so that any uid with gid 0 can use them too.
    "users": [
        {
            "name": "astro",
            "uid": 50000,
            "gid": 50000,
            "gecos": "",
            "groups": ["root"],
            "home": "/home/astro",
            "home_mode": 0o775,
            "home_gid": 0,
            "password": "!",
            "shell": "/bin/bash",
        },
    ],
}
