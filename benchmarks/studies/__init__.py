"""What attacks, defences and models do on real data; each script keeps its results beside itself."""
