"""Sends real requests through the local stack, follows each through a Firestore listener, and checks every move."""
