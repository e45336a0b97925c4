"""What those who sign in do about their own accounts and, as administrators, about others'.

The rows and the brake on guessing are of `accounts`; here are the verbs, each with its line in
the journal and its mails. Nothing here tells a stranger whether an address has an account.
"""
