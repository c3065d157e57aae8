"""From a `.hic`, `.cool` or `.mcool` file, local or fetched, to checked contacts."""
