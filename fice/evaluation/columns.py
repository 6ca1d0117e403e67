"""What is measured, in the order of the tables: the columns of every study."""

from __future__ import annotations

from fice.evaluation.study import Measure

MEASURES = (
    Measure(
        "similarity before",
        "",
        0,
        "Cosine of the text and the source's garment, cut out on white, in the eyes of a CLIP (arXiv 2103.00020) "
        "that guided no edit.",
    ),
    Measure("similarity", "", 1, "The same of the edit: where the garment was before or is now."),
    Measure("gain", "", 1, "The similarity of the edit minus that of the source."),
    Measure(
        "colour error",
        "ΔE",
        -1,
        "Distance in CIELAB (CIE 1976, ISO/CIE 11664-4) of the garment's median colour to the colour that the text "
        "names.",
    ),
    Measure("colour halved", "share", 1, "1 where the colour error is at most half of what it was in the source."),
    Measure(
        "right caption",
        "share",
        1,
        "1 where the judge takes the garment for what was asked for, among 32 captions of that form.",
    ),
    Measure("right pattern", "share", 1, "1 where the judge takes the garment's pattern for the one asked for, of 11."),
    Measure(
        "identical",
        "share",
        1,
        "Pixels outside the region of which every stored bit is the source's; compression, as of JPEG, changes "
        "pixels that no edit has touched.",
    ),
    Measure(
        "psnr outside",
        "dB",
        1,
        "Peak signal-to-noise ratio outside the region, 10 log10(1 / mean squared difference) of sRGB; 100 where "
        "identical.",
    ),
    Measure(
        "ssim outside",
        "",
        1,
        "Structural similarity (Wang et al., IEEE TIP 2004) outside the region; changes inside play no part.",
    ),
    Measure("head psnr", "dB", 1, "Peak signal-to-noise ratio in the head of the source; 100 where identical."),
    Measure("head ssim", "", 1, "Structural similarity (Wang et al., IEEE TIP 2004) in the head of the source."),
    Measure(
        "part iou",
        "",
        1,
        "Intersection over union (Everingham et al., IJCV 2010) of the body's parts in source and edit, mean over "
        "the source's parts.",
    ),
    Measure(
        "silhouette iou",
        "",
        1,
        "Intersection over union of the body outside the region, in source and edit: it should have stayed.",
    ),
    Measure(
        "part distance",
        "%",
        -1,
        "Distance of the centres of the body's parts between source and edit, mean over the parts seen in both, in "
        "per cent of the person's height.",
    ),
    Measure("changed", "share", 1, "Pixels of the garment that look different: CIEDE2000 (ISO/CIE 11664-6) above 6."),
    Measure("spill", "share", -1, "Of the pixels that look different, those that lie beside the person."),
    Measure("painted", "share", -1, "Pixels of skin and hair beside the garment that look different."),
    Measure(
        "rim",
        "ΔE",
        -1,
        "How much further colours along the garment's outline lie from those on both sides than in the source, in "
        "CIELAB.",
    ),
    Measure("cut", "share", -1, "Of the garment's outline, that at which the source shows no edge: cloth goes on."),
    Measure("print left", "share", -1, "What still shows of the contrast of an old print, where there was one."),
    Measure("doubt", "share", -1, "Of the garment, what is likelier another kind of garment than most of it is."),
    Measure("instead", "share", -1, "Garments that changed and are others than those named."),
    Measure("lost", "share", -1, "Of the person, what looks different because it was taken for the old background."),
    Measure(
        "swatch colour",
        "ΔE",
        -1,
        "CIEDE2000 of the garment's mean colour, light divided out, to its swatch's: the worst.",
    ),
    Measure(
        "swatch period",
        "share",
        -1,
        "How far the periods of a swatch that repeats are off on the garment, laid flat again: the worst of all parts.",
    ),
    Measure("swatch turn", "degrees", -1, "By how much the directions of these periods are turned: the worst."),
    Measure(
        "swatch detail",
        "share",
        1,
        "The garment's mean squared gradient over its swatch's, seen as coarsely: the least.",
    ),
    Measure(
        "clip-i",
        "",
        1,
        "Cosine of a garment with its picture, both cut out on white, in the judge's eyes: of several garments the "
        "least, of several pictures of one the most.",
    ),
    Measure("clip-i*", "", 1, "The same as the mean over the garments (AnyDressing, arXiv 2412.04146)."),
    Measure(
        "confusion",
        "",
        -1,
        "By how much a garment is more like another one's picture than like its own, in these cosines: the worst; "
        "below 0 nothing is confused.",
    ),
    Measure("right garment", "share", 1, "Garments that are more like their own pictures than like any other's."),
    Measure(
        "dists",
        "",
        -1,
        "Distance in texture of a garment and its first picture, as DISTS (arXiv 2004.07728) has it, in the maps of "
        "the network that finds garments and without learnt weights: the worst. The term reference looks there too.",
    ),
    Measure("seconds", "s", -1, "What the edit took, as its journal says."),
    Measure(
        "frechet",
        "",
        -1,
        "Fréchet distance (arXiv 1706.08500) of the edits' features to those of real pictures.",
        whole=True,
    ),
    Measure(
        "kernel",
        "",
        -1,
        "Kernel distance (arXiv 1801.01401) of the edits' features to those of real pictures.",
        whole=True,
    ),
)
