"""Names the class of image files: `python predict.py FILE_OR_FOLDER …` prints a row a file, without Regraft."""

import csv
import sys

from model import Model, end_with_reader  # the file beside this one

end_with_reader()
model, table = Model(), csv.writer(sys.stdout)
table.writerow(["path", "class", *model.classes])
for file, name, shares in model.answers(sys.argv[1:]):
    table.writerow([file, name, *(f"{share:.6f}" for share in shares)])
sys.exit(1 if model.faults else 0)
