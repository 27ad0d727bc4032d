"""JSON basics: raw text as JSON, partial objects, repair of whole texts. Knows neither formats nor tools."""
