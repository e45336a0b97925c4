"""What is kept of people: the register of it, how long, and everything of one person's.

Each person's data is what was said, sent and wished under one address. It is shown, handed out
and erased by that address alone; nothing here guesses who else somebody might be.
"""
