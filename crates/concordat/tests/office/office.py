"""Opens a workbook in LibreOffice with its password, does what it is told, stores it and says what it saw.

Runs under the system's Python, which has `uno`. Reads one JSON object from its standard input:
`from`, `to` (paths), `password`, `do` (a list of edits), and writes one to its standard output:
`sheets` (for each its name and whether it is shown) and `records` (rows of [text, kind] of the sheet `Records`).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uno
from com.sun.star.beans import NamedValue, PropertyValue

KINDS = {"EMPTY": "empty", "VALUE": "number", "TEXT": "text", "FORMULA": "formula"}


def prop(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def edit(book, what):
    sheets = book.Sheets
    records = sheets.getByName("Records")
    if what["do"] == "set":
        cell = records.getCellByPosition(what["column"], what["row"])
        cell.setString(what["text"])
    elif what["do"] == "hide-column":
        records.Columns.getByIndex(what["column"]).IsVisible = False
    elif what["do"] == "hide-row":
        records.Rows.getByIndex(what["row"]).IsVisible = False
    elif what["do"] == "hide-sheet":
        sheets.getByName(what["name"]).IsVisible = False
    elif what["do"] == "add-sheet":
        sheets.insertNewByName(what["name"], sheets.Count)
    elif what["do"] == "formula":
        records.getCellByPosition(what["column"], what["row"]).setFormula(what["text"])
    else:
        raise ValueError(what["do"])


def seen(book):
    sheets = [[s.Name, s.IsVisible] for s in (book.Sheets.getByIndex(n) for n in range(book.Sheets.Count))]
    records = book.Sheets.getByName("Records")
    cursor = records.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last = cursor.RangeAddress
    rows = []
    for y in range(last.EndRow + 1):
        cells = (records.getCellByPosition(x, y) for x in range(last.EndColumn + 1))
        rows.append([[c.getString(), KINDS[c.Type.value]] for c in cells])
    return {"sheets": sheets, "records": rows}


def main():
    job = json.load(sys.stdin)
    home = tempfile.TemporaryDirectory()
    pipe = f"office{os.getpid()}"
    office = subprocess.Popen(
        ["soffice", "--headless", "--norestore", "--nologo", f"-env:UserInstallation=file://{home.name}",
         f"--accept=pipe,name={pipe};urp;"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        address = f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
        for n in range(600):
            try:
                context = resolver.resolve(address)
                break
            except Exception:
                if n == 599 or office.poll() not in (None, 81):
                    raise
                time.sleep(0.2)
        desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        password = prop("Password", job["password"])
        url = uno.systemPathToFileUrl(job["from"])
        book = desktop.loadComponentFromURL(url, "_blank", 0, (prop("Hidden", True), password))
        if book is None:
            raise SystemExit("LibreOffice did not open the file")
        saw = seen(book)
        for what in job["do"]:
            edit(book, what)
        # What LibreOffice's own dialogue gives its filter; `Password` alone locks no workbook.
        lock = uno.Any("[]com.sun.star.beans.NamedValue", (
            NamedValue("CryptoType", "StrongEncryptionDataSpace"), NamedValue("OOXPassword", job["password"])))
        store = (prop("FilterName", "Calc MS Excel 2007 XML"), prop("EncryptionData", lock))
        book.storeToURL(uno.systemPathToFileUrl(job["to"]), store)
        book.close(True)
        json.dump(saw, sys.stdout)
        try:
            desktop.terminate()
        except Exception:
            pass
        office.wait(60)
    finally:
        office.kill()
        office.wait()
        home.cleanup()


main()
