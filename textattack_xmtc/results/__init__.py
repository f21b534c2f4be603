"""What came out of campaigns: records, statistics, tables, figures and the page that holds them."""
