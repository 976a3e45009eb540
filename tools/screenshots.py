"""Take the pictures of the docs from a report page, in Chromium.

    counterclaim report -o page/
    python tools/screenshots.py page/

Needs Playwright and a `chromium` on the path. A page with wire texts is refused, as the pictures
are published.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
# What is seen of each, and the state of the page that its address gives.
VIEWS = {
    "leaderboard": ("#leaderboard", ""),
    "document": ("#documents", "#doc=desk-0006&run=all-{}&layers=accusations,denials,casualties"),
    "map": ("#map", ""),
}


def main() -> None:
    """Read the folder of the page, and write the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("page", type=Path, help="folder of the page")
    page_file = parser.parse_args().page / "index.html"
    if "Do not publish this page" in page_file.read_text(encoding="utf-8"):
        raise SystemExit(f"{page_file}: has wire texts; expected a page without")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
        page.goto(page_file.resolve().as_uri())
        system = page.locator("select[name=run] option[value^=all-]").first.get_attribute("value")
        for name, (section, address) in VIEWS.items():
            page.goto(page_file.resolve().as_uri() + address.replace("all-{}", system or ""))
            page.reload()
            page.locator(section).evaluate("each => each.scrollIntoView()")
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
