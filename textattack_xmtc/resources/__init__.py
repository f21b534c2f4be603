"""What the package brings along for machines without network: plain files, and the lists they are made from."""
