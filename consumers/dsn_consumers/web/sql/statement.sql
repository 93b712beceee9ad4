-- One closing statement as it was signed.
SELECT document, signature FROM dsn.statements WHERE number = %(number)s
