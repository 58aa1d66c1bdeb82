"""Photo edits: crop, filter, brightness, contrast, saturation, warmth and vignette.

Edits are JSON: {"crop": {"ratio", "x", "y", "width", "height"}, "filter", "brightness", "contrast", "saturation",
"warmth", "vignette"}; every key is optional. `parse` validates them, `crop` converts a crop to pixels, and `colour` and
`vignette` compute the new colours.

`static/js/edits.js` computes the same preview in the browser. Change formulas and numbers in both places;
`tests/e2e/test_edits.py` compares the pixels.
"""
