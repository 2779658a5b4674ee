#!/usr/bin/env bash
# XlsxWriter 3.2.9 and openpyxl 3.1.5 (PyPI): a formula that was never computed has the stored result 0.
#
# Expected: a workbook that no spreadsheet program has opened has no results, so `data_only=True` gives None, as it
#       does for workbooks that openpyxl itself writes.
# Seen: XlsxWriter writes `<v>0</v>` beside every formula, of sums of text and dates too, and asks for a computation
#       on loading (`fullCalcOnLoad`). A reader that trusts stored results reports a total of 0. Only that flag in
#       xl/workbook.xml tells a placeholder from a result.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check XlsxWriter==3.2.9 openpyxl==3.1.5
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import zipfile

import openpyxl
import xlsxwriter

with xlsxwriter.Workbook("written.xlsx") as workbook:
    sheet = workbook.add_worksheet()
    sheet.write_column("A1", [1200, 1300])
    sheet.write_formula("A3", "=SUM(A1:A2)")
    sheet.write_formula("B3", '="total of "&COUNT(A1:A2)')
other = openpyxl.Workbook()
other.active["A1"], other.active["A2"], other.active["A3"] = 1200, 1300, "=SUM(A1:A2)"
other.save("other.xlsx")

results = openpyxl.load_workbook("written.xlsx", data_only=True).active
other_results = openpyxl.load_workbook("other.xlsx", data_only=True).active
is_flagged = b'fullCalcOnLoad="1"' in zipfile.ZipFile("written.xlsx").read("xl/workbook.xml")
print("XlsxWriter: A3 =", repr(results["A3"].value), "| B3 =", repr(results["B3"].value), "| flag:", is_flagged)
print("openpyxl:   A3 =", repr(other_results["A3"].value))
assert (results["A3"].value, results["B3"].value, is_flagged) == (0, 0, True)
assert other_results["A3"].value is None
PYTHON
