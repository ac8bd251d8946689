"""What the shop sells, what its customers write and what its models answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Something on sale."""

    sku: str
    name: str
    cents: int


ARTICLES = (
    Article(sku="KET-011", name="gooseneck kettle", cents=6900),
    Article(sku="GRI-204", name="hand grinder", cents=11900),
    Article(sku="CUP-052", name="set of four espresso cups", cents=3400),
    Article(sku="BEA-330", name="1 kg Sidamo beans", cents=2850),
    Article(sku="SCA-017", name="pocket scale", cents=4200),
    Article(sku="FIL-090", name="paper filters, 200", cents=990),
    Article(sku="MAC-501", name="lever espresso machine", cents=74900),
)


def article(sku: str | None) -> Article:
    """The one of that number; what nobody named is coffee."""
    return next((article for article in ARTICLES if article.sku == sku), ARTICLES[3])


CUSTOMERS = (
    "amira.haddad", "ben.okafor", "carla.rossi", "dmitri.volkov", "elena.sato", "farid.khan",
    "greta.lind", "hugo.martin", "ines.costa", "jonas.weber", "kiran.patel", "lucia.moreno",
)  # fmt: skip

ORDER_MESSAGES = (
    "Hi, I'd like to order {count} x {article}. Please ship to the usual address.",
    "Can you send me {count} of the {article}? I need it before Friday.",
    "Reordering: {count} x {article}, same card as last time.",
    "We are opening a second café and need {count} x {article}. Is there a trade price?",
)

QUESTIONS = (
    "Which grind do you advise for a moka pot?",
    "Are you open on Sundays?",
    "Do you repair machines that were bought elsewhere?",
)

RETURN_MESSAGES = (
    "The {article} from order {order} arrived with a crack. I want a refund.",
    "I ordered the wrong {article} ({order}). How do I send it back?",
    "Order {order}: the {article} stopped working after two weeks. Can I get a replacement?",
    "I have been waiting nine days for {order}. Where is my refund for the {article}?",
)

FIRST_MESSAGES = (
    "Hi, I'd like to order 2 x gooseneck kettle. Please ship to the usual address.",
    "The lever espresso machine from order ORD-48213 arrived with a crack. I want a refund.",
    "Can you send me 1 of the pocket scale? I need it before Friday.",
    "Are you open on Sundays?",
    "Reordering: 3 x 1 kg Sidamo beans, same card as last time.",
    "Order ORD-31570: the gooseneck kettle stopped working after two weeks. Can I get a replacement?",
    "Hi, I'd like to order 4 x set of four espresso cups. Please ship to the usual address.",
    "I ordered the wrong hand grinder (ORD-77120). How do I send it back?",
    "I have been waiting nine days for ORD-52108. Where is my refund for the pocket scale?",  # there is no such order
    "Which grind do you advise for a moka pot?",
    "Reordering: 1 x hand grinder, same card as last time.",
)

CLASSIFIER_PROMPT = (
    "You sort messages that customers send to a coffee-equipment shop. Answer with JSON: "
    '{"intent": "order" | "return" | "question", "sku": string or null, "order_id": string or null, "count": integer, '
    '"confidence": 0-1}.'
)

FULFILMENT_PROMPT = (
    "You fulfil orders. Check the stock, reserve it, charge the customer and book a carrier, with the tools you have. "
    "Never promise a delivery date that the carrier has not confirmed."
)

RETURNS_PROMPT = (
    "You handle returns. Find the order, read the policy passages you are given and decide: refund, replace or ask a "
    "person. Refunds above 100 EUR need a person. Quote the policy you relied on."
)

WRITER_PROMPT = "You write short, friendly messages to the customers of a coffee-equipment shop. Promise nothing."

POLICY_PASSAGES = (
    "Goods that arrive damaged are refunded or replaced at the customer's choice within 30 days of delivery.",
    "Unopened articles may be sent back within 14 days; the customer pays the return unless we sent the wrong one.",
    "Electrical articles carry a two-year warranty; in the first six months the fault is presumed to be ours.",
    "Opened coffee is not taken back unless it is past its roast date.",
)

CARRIERS = ("DHL", "DPD", "GLS")
