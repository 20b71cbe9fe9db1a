"""The text format, read by the parser of another project."""

from prometheus_client.parser import text_string_to_metric_families

from ucarpd.ctl.exporter.families import Family
from ucarpd.ctl.exporter.text import text

ODD = 'a "quoted" \\n back\nslash, {x="1"} \u00fc'


def test_odd_texts_and_numbers_come_back():
    values = {(ODD, "1"): 0.1 + 0.2, ("", "2"): 1e22, ("plain", "3"): True}
    said = text([Family("ucarpd_odd", ODD, ("first", "second"), values)])
    [family] = text_string_to_metric_families(said)
    assert (family.name, family.type, family.documentation) == ("ucarpd_odd", "gauge", ODD)
    assert {tuple(each.labels.values()): each.value for each in family.samples} == values


def test_a_counter_says_so_and_each_line_ends():
    said = text([Family("ucarpd_sent_total", "Sent.", ("name",), {("web",): 3})])
    assert said == (
        "# HELP ucarpd_sent_total Sent.\n"
        "# TYPE ucarpd_sent_total counter\n"
        'ucarpd_sent_total{name="web"} 3.0\n'
    )
