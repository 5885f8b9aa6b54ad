"""The names of the API's own headers: for parsing, for answers, for CORS and for the OpenAPI document."""

IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_REPLAYED = "Idempotency-Replayed"
LOCATION = "Location"
RETRY_AFTER = "Retry-After"
