"""`python -m blog`: the command line, for processes that start others of themselves."""

from blog.cli import main

main()
