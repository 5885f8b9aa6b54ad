"""The table of operations: method, path, and the method of `Api` that answers."""

from werkzeug.routing import BaseConverter, Map, Rule


class _RecordId(BaseConverter):
    """Nothing else has the form of an id, or reaches Firestore as the name of a document."""

    regex = "[0-9a-f]{32}"


ROUTES = Map(
    [
        Rule("/requests", endpoint="submit", methods=["POST"]),
        Rule("/requests:batch", endpoint="submit_batch", methods=["POST"]),
        Rule("/requests", endpoint="page", methods=["GET"]),
        Rule("/requests/<id:id>", endpoint="get", methods=["GET"]),
        Rule("/requests/<id:id>:cancel", endpoint="cancel", methods=["POST"]),
        Rule("/requests/<id:id>:retry", endpoint="retry", methods=["POST"]),
        Rule("/requests/<id:id>/assets/<name>", endpoint="asset", methods=["GET"]),
        Rule("/types", endpoint="types", methods=["GET"]),
        Rule("/openapi.json", endpoint="openapi", methods=["GET"]),
        Rule("/health", endpoint="health", methods=["GET"]),
    ],
    converters={"id": _RecordId},
    strict_slashes=True,
    merge_slashes=False,
    redirect_defaults=False,
)
