"""Colours, type and icons. Light and dark follow the reader's setting; nothing is fetched."""

from trimtab_operator.cli.diagram.picture import State

STYLE = """
svg { color-scheme: light dark;
  --page:#f3f5f8; --lane:#fbfcfd; --card:#ffffff; --rim:#d9dfe7; --ink:#17202c; --soft:#566273;
  --flow:#8693a5; --back:#7a5bd0; --track:#e4e9f0; --tint:10%;
  --good:#147a47; --active:#1a5fd0; --waiting:#5d6979; --attention:#915500; --bad:#bd252c;
  --paused:#6a3cc2; --declared:#5d6979 }
@media (prefers-color-scheme: dark) { svg {
  --page:#0d1219; --lane:#121923; --card:#19222e; --rim:#2c3848; --ink:#e9eef5; --soft:#9dabbd;
  --flow:#6f7f94; --back:#ae95f5; --track:#2a3645; --tint:18%;
  --good:#5fd39a; --active:#82b1ff; --waiting:#a3b0c0; --attention:#f1b55f; --bad:#ff8d8d;
  --paused:#c3a6ff; --declared:#a3b0c0 } }
text { font-family: Inter, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", "DejaVu Sans",
  sans-serif; fill: var(--ink) }
.figure { font-variant-numeric: tabular-nums }
.soft { fill: var(--soft) }
.kind { fill: var(--soft); letter-spacing: .09em; font-weight: 600; text-transform: uppercase }
.strong { font-weight: 650 }
.page { fill: var(--page) } .lane { fill: var(--lane); stroke: var(--rim) }
.card { fill: var(--card); stroke: var(--rim); stroke-width: 1.2 }
a:hover .card, a:focus .card { stroke: var(--active); stroke-width: 2 }
.icon { fill: none; stroke: var(--soft); stroke-width: 1.5; stroke-linecap: round;
  stroke-linejoin: round }
.line { fill: none; stroke-width: 2; stroke: var(--flow) }
.head { fill: var(--flow) }
.line.feedback { stroke: var(--back); stroke-dasharray: 6 5 } .head.feedback { fill: var(--back) }
.line.moving { stroke: var(--active); stroke-dasharray: 3 7; stroke-linecap: round;
  stroke-width: 3; animation: move 1s linear infinite } .head.moving { fill: var(--active) }
.label { fill: var(--lane) } .label-text { fill: var(--back) }
.track { fill: var(--track) } .rule { stroke: var(--rim); stroke-width: 2 }
@keyframes move { to { stroke-dashoffset: -10 } }
@media (prefers-reduced-motion: reduce) { .line.moving { animation: none } }
"""


def state_styles() -> str:
    """Return the rules of all states: text, icon, pill and bar."""
    return "".join(
        f".t-{state} {{ fill: var(--{state}) }}"
        f".s-{state} {{ fill: none; stroke: var(--{state}); stroke-width: 1.7;"
        " stroke-linecap: round; stroke-linejoin: round }"
        f".p-{state} {{ fill: var(--{state}); fill-opacity: var(--tint) }}\n"
        for state in State
    ) + "".join(f".r-{state} {{ stroke: var(--{state}) }}" for state in CALLING)


CALLING = (State.ACTIVE, State.ATTENTION, State.BAD)
"""States whose box has a coloured rim."""

STATE_ICONS = {
    State.GOOD: "M2 7a5 5 0 1 0 10 0a5 5 0 1 0-10 0M4.6 7.2l1.7 1.7l3.2-3.5",
    State.ACTIVE: "M12 7a5 5 0 1 1-3-4.6M9.2.6v2.2h-2.2",
    State.WAITING: "M2 7a5 5 0 1 0 10 0a5 5 0 1 0-10 0M7 4.2v3l2 1.3",
    State.ATTENTION: "M7 1.6l5.6 10.2h-11.2zM7 5.4v3M7 10v.1",
    State.BAD: "M4.4 1.6h5.2l2.8 2.8v5.2l-2.8 2.8h-5.2l-2.8-2.8v-5.2zM5 5l4 4M9 5l-4 4",
    State.PAUSED: "M2 7a5 5 0 1 0 10 0a5 5 0 1 0-10 0M5.7 5v4M8.3 5v4",
    State.DECLARED: "M3 1.6h5.4l2.6 2.6v8.2h-8zM5 6.4h4M5 9h4",
}
"""Drawn in 14 x 14."""

STATE_WORDS = {
    State.GOOD: "fine",
    State.ACTIVE: "at work",
    State.WAITING: "waiting",
    State.ATTENTION: "look here",
    State.BAD: "failed",
    State.PAUSED: "suspended",
    State.DECLARED: "only declared",
}

KIND_ICONS = {
    "Source": "M2 4c0-3 12-3 12 0v8c0 3-12 3-12 0zM2 4c0 3 12 3 12 0M2 8c0 3 12 3 12 0",
    "Ingest": "M1.5 2h13l-5 6v5.5l-3-1.5v-4z",
    "Snapshot": "M8 1.5l6.5 3.2l-6.5 3.2l-6.5-3.2zM1.5 8l6.5 3.2l6.5-3.2M1.5 11.2l6.5 3.2l6.5-3.2",
    "Trigger": "M9 1l-6.5 8.5h5l-1 5.5l6.5-8.5h-5z",
    "Run": "M3 1.8l10.5 6.2l-10.5 6.2z",
    "Gates": "M8 1.2l6 2.2v4.4c0 3.6-2.6 6-6 7c-3.4-1-6-3.4-6-7v-4.4zM5.2 8l2 2l3.6-4",
    "Model version": "M8 1.2l6 3.3v7l-6 3.3l-6-3.3v-7zM2 4.5l6 3.4l6-3.4M8 7.9v6.9",
    "Serving": "M2 2h12v5h-12zM2 9h12v5h-12zM4.5 4.5h.1M4.5 11.5h.1M7 4.5h4.5M7 11.5h4.5",
    "Evidence": "M2 14.5v-13M2 14.5h12.5M5 11.5v-3M8.2 11.5v-7M11.4 11.5v-5",
}
"""Drawn in 16 x 16."""
