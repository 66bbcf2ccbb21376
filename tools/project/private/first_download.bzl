"""Fetching one file of a project's lock, for its repository rules."""

load("//tools/locks/fetch/private:url.bzl", "download", "without_credentials")

def first_download(ctx, urls, remedy):
    """Download a file from the first place that has it, and export it; fail, naming what was asked, if none has.

    Args:
      ctx: the repository's context; its attributes are file, lock and sha256.
      urls: list of the places, in order.
      remedy: what helps if none has the file.
    """
    ctx.report_progress("fetching " + ctx.attr.file)
    for url in urls:
        if download(ctx, url, ctx.attr.file, ctx.attr.sha256):
            ctx.file("BUILD.bazel", "exports_files([{}])\n".format(repr(ctx.attr.file)))
            return
    fail("""\
{file} (sha256 {sha256}) can't be fetched (see the warnings above for the answers).
  lock:     {lock}
  asked:    {asked}
  remedy:   {remedy}, or the file itself by --distdir=DIRECTORY; if it was withdrawn, lock again \
(the target NAME.update of the package)""".format(
        asked = "\n            ".join([without_credentials(url) for url in urls]) or "nothing: the index does not list it",
        file = ctx.attr.file,
        lock = ctx.attr.lock,
        remedy = remedy,
        sha256 = ctx.attr.sha256,
    ))
