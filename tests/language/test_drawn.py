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
# of colours
COLOURS = {
    "dusty pink dress": ["dress|dusty pink||"],
    "baby poop green shirt": ["shirt|baby poop green||"],
    "macaroni and cheese jumper": ["jumper|macaroni and cheese||"],
    "a very dark blue suit": ["suit|very dark blue||"],
    "bright sky blue leggings": ["leggings|bright sky blue||"],
    "Robin's-egg blue skirt": ["skirt|robin's egg blue||"],
    "rebecca purple skirt": ["skirt|rebecca purple||"],
    "cornflowerblue shirt": ["shirt|cornflower blue||"],
    "shirt: #07f": ["shirt|#07f||"],
    "make the shirt #07F and the skirt #fff": ["shirt|#07f||", "skirt|#fff||"],
    "RGB(0%, 48%, 100%) coat": ["coat|rgb(0%, 48%, 100%)||"],
    "reddish brown boots and a bluish grey coat": ["coat|bluish grey||"],
    "green/blue dress": ["dress|green/blue||"],
    "pink/purple striped top": ["top|pink, purple|striped|"],
    "navy/white striped top": ["top|navy, white|striped|"],
    "blue-green shirt": ["shirt|blue green||"],
    "a warm dusty mauve blouse": ["blouse|warm dusty mauve||"],
    "olive-ish green parka": ["coat|oliveish green||"],
    "metallic blue gown": ["gown|metallic blue||metallic"],
    "camo green trousers": ["trousers|camo green|camouflage|"],
    "white polka dots on black": ["None|black, white|polka-dot|"],
    "white stripes on a navy shirt": ["shirt|navy, white|striped|"],
    "polka dot dress, white on navy": ["dress|navy, white|polka-dot|"],
    "geometric dress in gold on black": ["dress|black, gold|geometric|"],
    "shirt with red hearts on a white background and blue jeans": ["shirt|white, red|hearts|", "jeans|blue||"],
    "red dress on a green background": ["dress|red||"],
    "green to blue gradient skirt": ["skirt|green, blue|ombre|"],
    "change the dress to an ombre from pink to orange": ["dress|pink, orange|ombre|"],
}
# names of things
NOUNS = {
    "a mango silk blouse": ["blouse|mango||silk"],
    "dress in banana": ["dress|banana||"],
    "skirt with mango and teal stripes": ["skirt|mango, teal|striped|"],
    "change the shirt to steel": ["shirt|steel||"],
    "wine-coloured skirt": ["skirt|wine||"],
    "dress in the colour of wine": ["dress|wine||"],
    "a coat in a mustard colour": ["coat|mustard||"],
    "camel coat": ["coat|camel||"],
    "sand trousers": ["trousers|sand||"],
    "ocean shirt": ["shirt|ocean||"],
    "forest green parka": ["coat|forest green||"],
    "holding a banana, red dress": ["dress|red||"],
    "red dress with a banana": ["dress|red||"],
    "woman in a blue dress eating an apple": ["dress|blue||"],
    "a wine stain on the white dress": ["dress|white||"],
    "a red coat in the snow": ["coat|red||"],
    "yellow dress on sand": ["dress|yellow||"],
    "a green coat in a dark forest": ["coat|green||"],
    "deep ocean skirt": ["skirt|deep ocean||"],
    "a dark leather jacket": ["jacket|dark||leather"],
    "greyish leather jacket": ["jacket|greyish||leather"],
    "red dress in the desert": ["dress|red||"],
    "sea green dress by the sea": ["dress|sea green||"],
    "white linen shirt with coffee stains": ["shirt|white||linen"],
    "lemon print skirt": ["skirt||printed|"],
    "skirt with a strawberry print": ["skirt||printed|"],
    "brick wall": ["None|||"],
    "wine glass": ["None|||"],
    "mango": ["None|||"],
    "robe rouge": ["None|||"],
    "denim": ["None||denim|denim"],
    "sand": ["None|sand||"],
    "a light and a bag": ["None|||"],
}
# steps from a colour
STEPS = {
    "make it slightly lighter": ["None|slightly lighter||"],
    "the shirt should be much brighter": ["shirt|much brighter||"],
    "shirt, but darker": ["shirt|darker||"],
    "blue shirt, but darker": ["shirt|blue darker||"],
    "blue shirt, darker and more muted": ["shirt|blue darker more muted||"],
    "a less bright shirt": ["shirt|less bright||"],
    "dress in a darker shade of teal": ["dress|darker shade of teal||"],
    "darken the blue shirt": ["shirt|darken||"],
    "darken the shirt and lighten the jeans": ["shirt|darken||", "jeans|lighten||"],
    "make the shirt darker and the jeans lighter": ["shirt|darker||", "jeans|lighter||"],
    "stripes in lighter and darker blue on the shirt": ["shirt|lighter blue, darker blue|striped|"],
    "light and dark grey checked coat": ["coat|light grey, dark grey|checked|"],
    "a scarf, dark and very light blue striped shirt": ["shirt|dark blue, very light blue|striped|"],
    "a dark suit": ["suit|dark||"],
    "make the suit dark": ["suit|dark||"],
    "light denim jacket": ["jacket|light blue|denim|denim"],
    "dark wash jeans": ["jeans|navy|denim|denim"],
}
# another thing's colour
LIKE = {
    "the same blue as her bag for the skirt": ["skirt|same blue as her bag||"],
    "a skirt that is the same colour as her hair": ["skirt|same colour as her hair||"],
    "a top that matches her shoes": ["top|that matches her shoes||"],
    "make the dress match the hat": ["dress|match the hat||"],
    "trousers to match the jacket": ["trousers|to match the jacket||"],
    "change the shirt to the colour of the sea": ["shirt|colour of the sea||"],
    "jumper as green as the grass": ["jumper|as green as the grass||"],
    "silk skirt darker than the bag": ["skirt|darker than the bag||silk"],
    "a blue shirt and a skirt in the same colour as her shoes": ["shirt|blue||", "skirt|same colour as her shoes||"],
    "red skirt and a top in the same red as the skirt": ["skirt|red||", "top|red||"],
    "blue skirt with a matching top in silk": ["skirt|blue||", "top|blue||silk"],
    "change the colour of the shirt to red": ["shirt|red||"],
}
# patterns and materials together
CLOTHS = {
    "striped knit sweater": ["sweater||striped|knit"],
    "a floral denim jacket": ["jacket||floral|denim"],
    "snake print leather trousers": ["trousers||snake|leather"],
    "ribbed cashmere jumper": ["jumper||ribbed|wool"],
    "art deco print dress": ["dress||geometric|"],
    "black leather jacket with white fur collar": ["jacket|black||leather"],
    "no leather, black wool coat": ["coat|black||wool"],
    "a jacket that is not leather": ["jacket|||"],
    "replace the denim jacket with leather": ["jacket|||leather"],
    "dress without ombre": ["dress||solid|"],
    "black and gold brocade jacket": ["jacket|black, gold||"],
    "oversized teddy coat in oatmeal": ["coat|oatmeal||fleece"],
    "gunmetal sequin gown and a sheer top": ["gown|gunmetal||sequins", "top|||sheer"],
}


def told(text: str) -> list[str]:
    """The sentences of a text as the table writes them."""
    return [
        f"{one.garment}|{', '.join(dye.said for dye in one.dyes)}|{one.design or ''}|{one.material or ''}"
        for one in parse(text)
    ]


SENTENCES = {**DESIGNERS, **COLOURS, **NOUNS, **STEPS, **LIKE, **CLOTHS}


@pytest.mark.parametrize(("text", "drawn"), SENTENCES.items())
def test_what_is_drawn_of_each_garment(text, drawn):
    assert told(text) == drawn
    assert not any(one.unclear for one in parse(text))


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("blue jeans", (66, 94, 138)),
        ("light blue denim jacket", (142, 168, 200)),
        ("dark blue jeans", (36, 50, 86)),
        ("electric blue jeans", (6, 82, 255)),  # who says so means it
        ("blue corduroy jeans", (35, 90, 205)),
        ("blue trousers", (35, 90, 205)),
    ],
)
def test_what_is_called_blue_of_denim_is_indigo(text, rgb):
    (sentence,) = parse(text)
    assert sentence.dyes[0].rgb == rgb
