"""The site that the page lives on: a project has none on Firebase Hosting until somebody makes it."""

from dataclasses import dataclass

import httpx

FIREBASE_HOSTING = "https://firebasehosting.googleapis.com"


class NoSite(Exception):
    """There is no site and none can be made; the message says why."""


@dataclass(frozen=True)
class Sites:
    """The sites of a project ("Firebase Hosting API", projects.sites). The page's has the project's name."""

    project: str
    access_token: str
    base_url: str = FIREBASE_HOSTING

    def ensure(self) -> bool:
        """Whether the site is so fresh that an upload may not know it yet. Raises NoSite."""
        sites = f"/v1beta1/projects/{self.project}/sites"
        headers = {"Authorization": f"Bearer {self.access_token}", "X-Goog-User-Project": self.project}
        with httpx.Client(base_url=self.base_url, headers=headers, timeout=30) as http:
            if _known(http.get(f"{sites}/{self.project}"), unless=httpx.codes.NOT_FOUND):
                return False
            _known(http.post(sites, params={"siteId": self.project}, json={}), unless=httpx.codes.CONFLICT)
            return True  # made now, or by another a moment ago


def _known(answer: httpx.Response, *, unless: int) -> bool:
    if answer.is_success or answer.status_code == unless:
        return answer.is_success
    raise NoSite(f"Firebase Hosting answered with {answer.status_code}: {answer.text[:500]}")
