"""The look of every figure: large type, thick lines, Petroff's ten colours (arXiv:2107.02270)."""

from cycler import cycler
from matplotlib import rc_context

BLUE, ORANGE, RED, GREY, PURPLE, BROWN, PUMPKIN, KHAKI, SLATE, CYAN = COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)

# A decorator: figures drawn inside have this look, and the reader's own settings are back afterwards.
styled = rc_context(
    {
        "font.size": 14,
        "axes.titlesize": 16,
        "figure.titlesize": 16,
        "legend.fontsize": 14,
        "lines.linewidth": 2.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=COLOURS),
        "figure.constrained_layout.use": True,
        "legend.frameon": False,
    }
)
