"""Sends requests through the local stack, follows them with a Firestore listener and checks their states."""
