"""What came out of campaigns: tables, figures and the page that holds them."""
