"""Rooms pushed to whoever watches them: server-sent events, in a process of their own.

`frames` spells events, `hub` knows the listeners, `watcher` looks into the database for all of them
at once, `asgi` is the door.
"""
