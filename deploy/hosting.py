"""The page's site on Firebase Hosting. A project has none until one is created."""

from dataclasses import dataclass

import httpx

FIREBASE_HOSTING = "https://firebasehosting.googleapis.com"


class SiteError(Exception):
    """The site does not exist and cannot be created; the message has the reason."""


@dataclass(frozen=True)
class Sites:
    """The sites of a project ("Firebase Hosting API", projects.sites). The page's site has the project's name."""

    project: str
    access_token: str
    base_url: str = FIREBASE_HOSTING

    def ensure(self) -> bool:
        """Creates the page's site if there is none. Returns whether it is new. Raises SiteError."""
        sites = f"/v1beta1/projects/{self.project}/sites"
        headers = {"Authorization": f"Bearer {self.access_token}", "X-Goog-User-Project": self.project}
        with httpx.Client(base_url=self.base_url, headers=headers, timeout=30) as http:
            if _succeeded(http.get(f"{sites}/{self.project}"), unless=httpx.codes.NOT_FOUND):
                return False
            _succeeded(http.post(sites, params={"siteId": self.project}, json={}), unless=httpx.codes.CONFLICT)
            return True  # created now, or by another deployment a moment ago


def _succeeded(answer: httpx.Response, *, unless: int) -> bool:
    if answer.is_success or answer.status_code == unless:
        return answer.is_success
    raise SiteError(f"Firebase Hosting answered with {answer.status_code}: {answer.text[:500]}")
