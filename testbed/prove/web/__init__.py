"""The web page, as people use it: scenarios in a real browser against the real binary (web/tests), and what really stands
after them, looked at by other ways."""
