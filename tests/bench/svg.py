# Copyright (C) 2026 paylock contributors
#
# Bar charts in SVG, for light and dark pages.

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 250, 90, 26, 56

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
     role="img" font-family="system-ui, sans-serif" font-size="13">
<title>{title}</title>
<style>
  text {{ fill: #1f2328 }} .note {{ fill: #59636e }}
  .ours {{ fill: #1a7f5a }} .other {{ fill: #9aa4af }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3 }} .note {{ fill: #9198a1 }}
    .ours {{ fill: #3fb884 }} .other {{ fill: #6b7480 }}
  }}
</style>
<text x="0" y="18" font-size="15" font-weight="600">{title}</text>
<text x="0" y="38" class="note">{note}</text>
"""


def bars(title, note, values, form="{:,.0f}".format):
    """values: (label, value, is it ours)"""
    largest = max(value for _, value, _ in values) or 1
    parts = [HEAD.format(width=WIDTH, height=TOP + ROW * len(values),
                         title=escape(title), note=escape(note))]
    for i, (label, value, ours) in enumerate(values):
        y = TOP + ROW * i
        width = max(1, (WIDTH - LEFT - RIGHT) * max(value, 0) / largest)
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">'
            f"{escape(label)}</text>\n"
            f'<rect x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="18" '
            f'rx="2" class="{"ours" if ours else "other"}"/>\n'
            f'<text x="{LEFT + width + 6:.1f}" y="{y + 15}">'
            f"{escape(form(value))}</text>\n")
    return "".join(parts) + "</svg>\n"
