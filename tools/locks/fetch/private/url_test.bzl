"""Unit tests of url.bzl and index_page.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":index_page.bzl", "file_url", "files_base", "project_page")
load(":url.bzl", "resolve", "unquote", "without_credentials")

_PAGE = "https://index.example/root/simple/pip/"

# Link on that page -> what it means.
_LINKS = {
    "../../packages/a/b.whl": "https://index.example/root/packages/a/b.whl",
    "../../packages/a/b.whl?x=1#sha256=0": "https://index.example/root/packages/a/b.whl",
    "../../packages/packages/a/b.whl": "https://index.example/root/packages/packages/a/b.whl",
    "../../../../../a/b.whl": "https://index.example/a/b.whl",
    "./b.whl": "https://index.example/root/simple/pip/b.whl",
    "//files.example/a/b.whl": "https://files.example/a/b.whl",
    "/packages/a/b.whl": "https://index.example/packages/a/b.whl",
    "b.whl": "https://index.example/root/simple/pip/b.whl",
    "http://files.example/a/b.whl#sha256=0": "http://files.example/a/b.whl",
}

def _resolve_impl(ctx):
    env = unittest.begin(ctx)
    for link, url in _LINKS.items():
        asserts.equals(env, url, resolve(_PAGE, link))
    return unittest.end(env)

resolve_test = unittest.make(_resolve_impl)

def _credentials_impl(ctx):
    env = unittest.begin(ctx)
    page = "https://me:p%40ss@index.example/simple/pip/"
    asserts.equals(env, "https://index.example/simple/pip/", without_credentials(page))
    asserts.equals(env, "https://index.example/@/a", without_credentials("https://index.example/@/a"))
    asserts.equals(env, "file:///a/b", without_credentials("file:///a/b"))

    # To the same host, and to no other.
    asserts.equals(env, "https://me:p%40ss@index.example/a.whl", resolve(page, "/a.whl"))
    asserts.equals(env, "https://me:p%40ss@index.example/a.whl", resolve(page, "https://index.example/a.whl"))
    asserts.equals(env, "https://index.example.evil.example/a.whl", resolve(page, "https://index.example.evil.example/a.whl"))
    asserts.equals(env, "http://index.example/a.whl", resolve(page, "http://index.example/a.whl"))
    asserts.equals(env, "p@ss+%e4", unquote("p%40ss%2b%e4"))
    return unittest.end(env)

credentials_test = unittest.make(_credentials_impl)

def _page_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, _PAGE, project_page("https://index.example/root/simple", "pip"))
    asserts.equals(env, "file:///m/simple/pip/index.html", project_page("file:///m/simple", "pip"))

    html = """<a href='https://index.example/help'>?</a>
<a data-requires-python="&gt;=3" href="../../packages/packages/ab/pip-1.whl#sha256=0">pip-1.whl</a>"""
    asserts.equals(env, "https://index.example/root/packages", files_base(_PAGE, html))
    asserts.equals(env, "https://index.example/root/packages/packages/ab/pip-1.whl", file_url(_PAGE, html, "pip-1.whl"))
    asserts.equals(env, "", file_url(_PAGE, html, "pip-2.whl"))
    asserts.equals(env, "", files_base(_PAGE, '<a href="../../+f/pip-1.whl">'))
    asserts.equals(env, _PAGE + "a-1%2Bb.whl", file_url(_PAGE, '<a href="a-1%2Bb.whl">', "a-1+b.whl"))
    asserts.equals(env, "", file_url(_PAGE, "href=", "a.whl"))
    return unittest.end(env)

page_test = unittest.make(_page_impl)

def url_test_suite(name):
    """Declare the tests.

    Args:
      name: of the suite.
    """
    unittest.suite(name, resolve_test, credentials_test, page_test)
