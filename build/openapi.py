"""Prints the API's OpenAPI document with the local stack's types of work:  python -m build.openapi

The page's types are generated from it, so it must need no running service.
"""

import json

from build import LOCAL_TYPES
from common.catalog import load_catalog
from common.queues import load_policies
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document


def main() -> None:
    catalog = load_catalog(load_policies(), LOCAL_TYPES)
    print(json.dumps(openapi_document(bodies_for(catalog)), indent=2))


if __name__ == "__main__":
    main()
