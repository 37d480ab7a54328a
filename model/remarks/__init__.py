"""What a family's ``story`` points at in a path: who acts on what is out of date, or does what a rule forbids.

It is computed from a finished path, and decides no verdict. Nothing that always is so is pointed at.

Beside the models, not in them: the machine code that is kept of a model depends on every file of its package.
"""
