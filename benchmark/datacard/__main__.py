"""`python -m benchmark.datacard`: rebuild the data card."""

from benchmark.datacard.card import PATH, write

write()
print(PATH)
