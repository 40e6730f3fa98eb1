"""Text and numbers as LaTeX sets them, whatever they contain."""

from __future__ import annotations

import re

from tracker.export.cells import clean

SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",  # some languages give the sign itself a meaning
    "`": r"\char96{}",
    "\n": " ",
    "\t": " ",
    "\u00a0": "~",
    "±": r"$\pm$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "·": r"$\cdot$",
    "−": "$-$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≠": r"$\ne$",
    "≈": r"$\approx$",
    "→": r"$\rightarrow$",
    "∞": r"$\infty$",
    "°": r"$^\circ$",
    "²": "$^2$",
    "³": "$^3$",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\dots{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "µ": r"$\mu$",
    "Γ": r"$\Gamma$",
    "Δ": r"$\Delta$",
    "Θ": r"$\Theta$",
    "Λ": r"$\Lambda$",
    "Σ": r"$\Sigma$",
    "Φ": r"$\Phi$",
    "Ω": r"$\Omega$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "δ": r"$\delta$",
    "ε": r"$\varepsilon$",
    "η": r"$\eta$",
    "θ": r"$\theta$",
    "λ": r"$\lambda$",
    "μ": r"$\mu$",
    "π": r"$\pi$",
    "ρ": r"$\rho$",
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
    "φ": r"$\varphi$",
    "χ": r"$\chi$",
    "ω": r"$\omega$",
}
_LIGATURES = re.compile(r"([-,'])(?=\1)")  # two of them would be set as one sign
_LETTERS = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿĆćČčŁłŃńŒœŘřŚśŠšŮůŹźŻżŽž"
_PLAIN = re.compile(f"[ !-~{_LETTERS}]")

# How a sign that pdfLaTeX does not know is set: XeLaTeX and LuaLaTeX have it, pdfLaTeX shows its number.
UNKNOWN = (
    r"\providecommand{\grovesign}[2]{\ifdefined\Umathcode\char#1\relax"
    r"\else\ifdefined\XeTeXversion\char#1\relax\else[U+#2]\fi\fi}"
)


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is, in one paragraph."""
    return _LIGATURES.sub(r"\g<0>{}", "".join(map(_set, clean(text))))


def aligned(number: str) -> str:
    """A number over two columns, `r@{}l`, whose point is where they meet; nothing stays nothing."""
    whole, point, rest = number.partition(".")
    signs = {"-": "$-$", "<": "$<$"}
    return f"{signs.get(whole[:1], whole[:1])}{whole[1:]} & {point}{rest}"


def _set(sign: str) -> str:
    if sign in SIGNS:
        return SIGNS[sign]
    return sign if _PLAIN.fullmatch(sign) else rf"\grovesign{{{ord(sign)}}}{{{ord(sign):04X}}}"
