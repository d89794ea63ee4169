"""The column mirror: what filters, figures and orders need of all sessions, as arrays in memory.

The law: the mirror answers only while it stands at exactly the number of the snapshot that asks
(``store/changes.py``); whenever it does not, the SQL answers, with the same answer.  It is derived:
made at the start, dropped and made again when sessions were removed, never written to disk.

``packed`` texts, ``lists`` names of which a session has several, ``columns`` everything together, ``feed``
from rows of the database to columns, ``evaluate`` a filter, ``answers`` the questions, ``keeper`` when the mirror
is made and followed.  Only ``keeper`` may be imported without numpy being loaded.
"""
