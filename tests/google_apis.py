"""Servers with the documented REST APIs of Firebase Hosting and Identity Toolkit that a deployment calls."""

from typing import Any

from flask import Flask, request

PROJECT = "practice-assets"
PAGE = "https://practice-assets.web.app"
UNKNOWN_KEY = ({"error": {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}}, 400)
BLOCKED_REFERRER = ({"error": {"message": "API_KEY_HTTP_REFERRER_BLOCKED"}}, 403)
OUTAGE = ({"error": {"status": "UNAVAILABLE"}}, 503)


class IdentityToolkit:
    """accounts (create, :update, :signInWithPassword and :delete) of one project. Its key is restricted to its page."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.created = 0
        self.refusals = 0  # of the next calls, while the key or its restrictions are too new
        self.refusal = UNKNOWN_KEY
        self.app = Flask(__name__)
        self.app.post(f"/v1/projects/{PROJECT}/accounts")(self.create)
        self.app.post(f"/v1/projects/{PROJECT}/accounts:update")(self.update)
        self.app.post("/v1/accounts:signInWithPassword")(self.sign_in)
        self.app.post(f"/v1/projects/{PROJECT}/accounts:delete")(self.delete)

    def create(self) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"message": "PERMISSION_DENIED"}}, 403
        self.created += 1
        self.users[f"uid-{self.created}"] = request.get_json()
        return {"localId": f"uid-{self.created}"}

    def update(self) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"message": "PERMISSION_DENIED"}}, 403
        given = request.get_json()
        self.users[given["localId"]].update(given)
        return {"localId": given["localId"]}

    def sign_in(self) -> Any:
        if self.refusals > 0:
            self.refusals -= 1
            return self.refusal
        if (request.args.get("key"), request.headers.get("Referer")) != ("key", f"{PAGE}/"):
            return BLOCKED_REFERRER
        given = request.get_json()
        for uid, user in self.users.items():
            if (user["email"], user["password"]) == (given["email"], given["password"]):
                return {"idToken": f"token of {uid}{user.get('customAttributes', '')}"}
        return {"error": {"message": "INVALID_LOGIN_CREDENTIALS"}}, 400

    def delete(self) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"message": "PERMISSION_DENIED"}}, 403
        del self.users[request.get_json()["localId"]]
        return {}


class FirebaseHosting:
    """projects.sites (get and create). Site names are global: other projects own the `reserved` ones."""

    def __init__(self) -> None:
        self.sites: set[str] = set()
        self.hidden: set[str] = set()
        self.reserved: set[str] = set()
        self.app = Flask(__name__)
        self.app.get("/v1beta1/projects/<project>/sites/<site>")(self.get)
        self.app.post("/v1beta1/projects/<project>/sites")(self.create)

    def get(self, project: str, site: str) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"status": "PERMISSION_DENIED"}}, 403
        if site not in self.sites - self.hidden:
            return {"error": {"status": "NOT_FOUND"}}, 404
        return {"name": f"projects/{project}/sites/{site}"}

    def create(self, project: str) -> Any:
        site = request.args["siteId"]
        if site in self.reserved:
            return {"error": {"message": f"Invalid name: `{site}` is reserved by another project"}}, 400
        if site in self.sites:
            return {"error": {"status": "ALREADY_EXISTS"}}, 409
        self.sites.add(site)
        return {"name": f"projects/{project}/sites/{site}"}
