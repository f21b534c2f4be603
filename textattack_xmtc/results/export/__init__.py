"""What a report is written as: a folder with the page, and formats of other tools."""
