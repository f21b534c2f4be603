def write_tables(found):
    print({cell.name: {a: len(r) for a, r in f.items()} for cell, f in found.items()})
