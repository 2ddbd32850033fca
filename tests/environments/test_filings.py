"""Filings written for these tests, in the shapes that real ones have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doxa.environments.filings import discussion
from doxa.environments.markup import lines_of

SHARED = Path(__file__).parents[2].resolve().parent / "shared" / "data" / "investorbench"
KINDS = (("10k", "10-K"), ("10q", "10-Q"))
BODY = "Net sales rose by 4 percent because of demand for pumps. " * 12
OTHER = "Our auditors found nothing to report on these pages. " * 40

CONTENTS = """<table><tr><td><a href="#i7">Item 7.</a></td><td><a href="#i7">Management&#8217;s Discussion and Analysis
of Financial Condition and Results of Operations</a></td><td>31</td></tr>
<tr><td><a href="#i7a">Item 7A.</a></td><td>Quantitative and Qualitative Disclosures</td><td>40</td></tr>
<tr><td>Item 8.</td><td>Financial Statements and Supplementary Data</td><td>42</td></tr></table>"""

MODERN = f"""<?xml version='1.0'?><html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><head><title>acme-10k</title></head><body>
<div style="display:none"><ix:header><ix:hidden><ix:nonNumeric>SECRET</ix:nonNumeric></ix:hidden></ix:header></div>
{CONTENTS}<p>Item 1. Business</p><p>{OTHER}</p>
<p>The factors described in Item 7, &#8220;Management&#8217;s Discussion and Analysis&#8221; of this report matter.</p>
<div><span style="font-weight:700">Item&nbsp;7.&#160;&#160;Management</span><span>&#8217;s Discussion and Analysis of
Financial Condition and Results of Operations</span></div>
<p>{BODY}</p><div>32</div><p>See also Item&nbsp;1A, &#8220;Risk Factors&#8221; and Note 4.</p>
<table><tr><td>Sales</td><td>$</td><td><ix:nonFraction name="us-gaap:Revenues">1,234</ix:nonFraction></td></tr></table>
<p>Item 7. Management's Discussion and Analysis (continued)</p><p>Liquidity was good &amp; cash &lt; debt.</p>
<p>Item 7A. Quantitative and Qualitative Disclosures about Market Risk</p><p>{OTHER * 3}</p>
<p>Item 8. Financial Statements and Supplementary Data</p><p>{OTHER}</p></body></html>"""

SPLIT = f"""<HTML><BODY>{CONTENTS}<P>ITEM 6. [RESERVED]</P>
<TABLE><TR><TD>ITEM 7.</TD></TR></TABLE>
<P><B>MANAGEMENT'S DISCUSSION AND ANALYSIS OF FINANCIAL</B></P><P><B>CONDITION AND RESULTS OF OPERATIONS</B></P>
<P>{BODY}
<P>ITEM 8.<P>FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA<P>{OTHER}</BODY></HTML>"""

OLD = f"""<SEC-DOCUMENT><DOCUMENT>
<TYPE>EX-99
<TEXT>
Item 7. Management's Discussion and Analysis
{OTHER}
</TEXT></DOCUMENT>
<DOCUMENT>
<TYPE>10-K
<TEXT>
                                ACME CORP
ITEM 1.  BUSINESS
{OTHER}
ITEM 7.   MANAGEMENT'S DISCUSSION AND ANALYSIS OF FINANCIAL CONDITION AND
          RESULTS OF OPERATIONS
{BODY}
<TABLE>
<CAPTION>
<S>        <C>
Sales      1,234
</TABLE>
<PAGE>
ITEM 7A.  QUANTITATIVE AND QUALITATIVE DISCLOSURES ABOUT MARKET RISK
None.
ITEM 8.   FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA
{OTHER}
</TEXT></DOCUMENT></SEC-DOCUMENT>"""

QUARTER = f"""<html><body><p>Part I. Financial Information</p><p>Item 1. Financial Statements</p><p>{OTHER}</p>
<p>PART I, ITEM 2. Management&rsquo;s Discussion and Analysis of Financial Condition and Results of Operations</p>
<p>{BODY}</p><p>Item 3. Quantitative and Qualitative Disclosures About Market Risk</p><p>Nothing.</p>
<p>Item 4. Controls and Procedures</p><p>{OTHER}</p><p>PART II. OTHER INFORMATION</p><p>Item 1. Legal Proceedings</p>
<p>{OTHER}</p><p>Item 2. Unregistered Sales of Equity Securities and Use of Proceeds</p><p>{OTHER * 2}</p>
<p>SIGNATURES</p></body></html>"""

UNNUMBERED = f"""<html><body><p>FORM 10-K CROSS-REFERENCE INDEX</p><p>Item 7. Management's Discussion and Analysis
of Financial Condition and Results of Operations 18-41</p><p>Item 7A. Quantitative and Qualitative Disclosures 39</p>
<h2>Management&#x2019;s Discussion and Analysis</h2><p>{BODY}</p><p>Our results of operations improved.</p>
<h2>Quantitative and Qualitative Disclosures About Market Risk</h2><p>{OTHER}</p></body></html>"""


@pytest.mark.parametrize(
    ("form", "document"),
    [("10-K", MODERN), ("10-K", SPLIT), ("10-K", OLD), ("10-Q", QUARTER), ("10-K", UNNUMBERED), ("10-K/A", SPLIT)],
    ids=["inline xbrl", "split headings", "text submission", "10-Q", "unnumbered", "amendment"],
)
def test_the_section_is_cut_out(form: str, document: str) -> None:
    found = discussion(document, form)
    assert found.gap is None
    assert BODY.strip() in found.text
    assert "auditors" not in found.text
    assert "SECRET" not in found.text
    assert "Quantitative" not in found.text
    assert not found.text.upper().startswith(("ITEM", "CONDITION", "RESULTS"))


def test_what_is_kept_and_what_is_dropped() -> None:
    found = discussion(MODERN, "10-K").text.splitlines()
    assert found[1:] == [
        "See also Item 1A, “Risk Factors” and Note 4.",
        "Sales $ 1,234",
        "Liquidity was good & cash < debt.",
    ]


def test_a_cross_reference_inside_the_section_does_not_end_it() -> None:
    mention = "<p>Item 1A, &#8220;Risk Factors&#8221; and elsewhere in this report</p><p>Later words.</p>"
    document = SPLIT.replace("<P>ITEM 8.<P>", f"{mention}<P>ITEM 8.<P>")
    assert discussion(document, "10-K").text.endswith("Later words.")


@pytest.mark.parametrize(
    ("document", "gap"),
    [
        ("<html><body><p>Item 1. Business</p><p>Pumps.</p></body></html>", "no management's discussion"),
        (CONTENTS, "no management's discussion"),
        ("", "has no text"),
        ("<html><body></body></html>", "has no text"),
        (
            """<p>Item 7. Management's Discussion and Analysis</p><p>The information required by this item is
            incorporated herein by reference to the annual report (Exhibit 13).</p>
            <p>Item 8. Financial Statements</p>""",
            "only referred to",
        ),
    ],
)
def test_a_filing_without_the_section_is_a_gap_that_says_why(document: str, gap: str) -> None:
    found = discussion(document, "10-K")
    assert found.text == ""
    assert gap in (found.gap or "")


@pytest.mark.parametrize("damage", ["<div", "<<<>>>", "</div></div>", "&#xFFFFFF;&bogus;", "<p style='display:none'>"])
def test_broken_markup_costs_nothing_but_itself(damage: str) -> None:
    assert (
        BODY.strip()
        in discussion(MODERN.replace("<p>Item 1. Business</p>", f"{damage} <p>Item 1. Business</p>"), "10-K").text
    )


def test_lines_are_what_a_reader_sees() -> None:
    html = "<html><head><style>p {}</style><body><p>a<br/>b</p><pre>c\nd</pre><td>e</td><td>f</td><script>g</script>"
    assert lines_of(html) == ["a", "b", "c", "d", "e f"]
    assert lines_of("plain\n\n  text ") == ["plain", "text"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data set of INVESTORBENCH isn't there")
@pytest.mark.parametrize("asset", ["msft", "jnj"])
def test_the_summaries_of_investorbench_have_no_section_and_say_so(asset: str) -> None:
    """They are summaries of filings: cutting one is a gap, and never a crash."""
    days = json.loads((SHARED / f"{asset}.json").read_text()).values()
    found = [discussion(text, form) for day in days for kind, form in KINDS for text in day[kind]]
    assert len(found) == 5
    assert all(section.text == "" and section.gap for section in found)
