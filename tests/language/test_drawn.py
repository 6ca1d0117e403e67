"""What of a sentence is drawn: dyes, designs and materials."""

from __future__ import annotations

import pytest

from fice.language.words import parse

# text -> "garment|dyes|design|material" of each; written before the language knew any of it
DESIGNERS = {
    "a #007aff dress": ["dress|#007aff||"],
    "shirt in rgb(0, 122, 255)": ["shirt|rgb(0, 122, 255)||"],
    "skirt in hsl(211, 100%, 50%)": ["skirt|hsl(211, 100%, 50%)||"],
    "cerulean blouse": ["blouse|cerulean||"],
    "robin's egg blue dress": ["dress|robin's egg blue||"],
    "dark teal wool coat": ["coat|dark teal||wool"],
    "a pale pistachio silk slip dress": ["dress|pale pistachio||silk"],
    "black leather jacket": ["jacket|black||leather"],
    "leather jacket": ["jacket|||leather"],
    "red patent leather skirt": ["skirt|red||patent"],
    "emerald velvet blazer": ["blazer|emerald||velvet"],
    "black and white houndstooth coat": ["coat|black, white|houndstooth|"],
    "camel cashmere turtleneck": ["sweater|camel||wool"],
    "navy pinstripe suit": ["suit|navy|pinstriped|"],
    "white shirt with thin navy stripes": ["shirt|white, navy|striped|"],
    "green and navy tartan skirt": ["skirt|green, navy|tartan|"],
    "leopard print skirt": ["skirt||leopard|"],
    "a cow print coat": ["coat||cow|"],
    "blush chiffon gown": ["gown|blush||sheer"],
    "gold lamé dress": ["dress|gold||metallic"],
    "silver sequin mini dress": ["dress|silver||sequins"],
    "grey herringbone tweed blazer": ["blazer|grey|herringbone|tweed"],
    "cream cable-knit jumper": ["jumper|cream|cable-knit|knit"],
    "denim jacket and white linen trousers": ["jacket||denim|denim", "trousers|white||linen"],
    "make the shirt darker": ["shirt|darker||"],
    "a darker blue shirt": ["shirt|darker blue||"],
    "make the blue shirt a darker blue": ["shirt|darker blue||"],
    "skirt in the same red as the bag": ["skirt|same red as the bag||"],
    "dress matching the shoes": ["dress|matching the shoes||"],
    "shirt in the colour of her hair": ["shirt|colour of her hair||"],
    "a dusty lavender cardigan": ["cardigan|dusty lavender||"],
    "neon coral leggings": ["leggings|neon coral||"],
    "burnt sienna corduroy trousers": ["trousers|burnt sienna||corduroy"],
    "white dress with a cherry print": ["dress|white|printed|"],
    "red dress with a wine glass": ["dress|red||"],
    "blue dress in front of a brick wall": ["dress|blue||"],
    "a tropical print shirt and khaki shorts": ["shirt||tropical|", "shorts|khaki||"],
    "pink argyle vest": ["vest|pink|argyle|"],
    "faux fur coat in ivory": ["coat|ivory||fur"],
    "black lace blouse, ivory satin skirt": ["blouse|black||lace", "skirt|ivory||satin"],
    "change the jeans to rust corduroy": ["jeans|rust||corduroy"],
    "dress with red hearts on a white ground": ["dress|white, red|hearts|"],
    "ombre dress from coral to cream": ["dress|coral, cream|ombre|"],
    "mustard, teal and white colour-block sweater": ["sweater|mustard, teal, white|colour-block|"],
}


def told(text: str) -> list[str]:
    """The sentences of a text as the table writes them."""
    return [
        f"{one.garment}|{', '.join(dye.said for dye in one.dyes)}|{one.design or ''}|{one.material or ''}"
        for one in parse(text)
    ]


@pytest.mark.parametrize(("text", "drawn"), DESIGNERS.items())
def test_what_is_drawn_of_each_garment(text, drawn):
    assert told(text) == drawn
    assert not any(one.unclear for one in parse(text))
