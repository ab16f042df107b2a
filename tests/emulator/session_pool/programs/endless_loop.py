"""Never ends, and does nothing; an interrupt stops it."""

while True:
    pass
