"""`python -m benchmark.datacard`: rebuild the data card."""

import sys

from benchmark.datacard.card import PATH, write
from benchmark.errors import UserError

try:
    write()
except UserError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
print(PATH)
