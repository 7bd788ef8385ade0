"""Show scripts in every form that a notebook can: HTML, SVG, JavaScript, Markdown, LaTeX, links, names, messages."""

# %% task="histogram"
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

script = "</pre></details><script>parent.stolen = document.cookie</script><img src=x onerror=alert(1)>"
display(
    HTML(script),
    Markdown(f"[a](javascript:alert(1)) {script}"),
    Latex(rf"\href{{javascript:alert(1)}}{{{script}}}"),
)
display(
    SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'),
    Javascript("alert(1)"),
)
display({"text/plain": script, "image/png": script, "text/html": script}, raw=True)
display({"image/png": '" onerror="alert(1)', "text/plain": "{{ 7 * 7 }}{% raw %}"}, raw=True)
print(script, "<!--", "-->", "]]>", "</style>", '" autofocus onfocus="alert(1)')


class script_in_a_name(Exception):
    pass


script_in_a_name.__name__ = script_in_a_name.__qualname__ = script
raise script_in_a_name(script)

# %% task="made"
made_masks = "javascript:alert(1)"
raise ValueError("<base href='//example.org'><meta http-equiv=refresh content=0><link rel=stylesheet href=x>")
