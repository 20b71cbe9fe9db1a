"""Since when does no gateway answer?"""

from ucarpd.health.gateway import Gateway, silent_since


def gateway(answered, *asked):
    made = Gateway()
    if answered is not None:
        made.asked(answered)
        made.answered(answered)
    for at in asked:
        made.asked(at)
    return made


def test_the_first_question_in_vain_counts():
    assert silent_since([gateway(10.0, 12.0, 14.0)]) == 12.0


def test_an_answer_ends_the_silence():
    made = gateway(10.0, 12.0)
    made.answered(12.1)
    assert silent_since([made]) is None
    made.asked(14.0)
    assert silent_since([made]) == 14.0


def test_one_of_several_answers():
    assert silent_since([gateway(10.0, 12.0), gateway(11.0)]) is None


def test_of_several_the_one_that_fell_silent_last_counts():
    for order in (1, -1):
        both = [gateway(10.0, 12.0), gateway(2.0, 4.0)][::order]
        assert silent_since(both) == 12.0


def test_an_answer_counts_for_a_minute():
    assert silent_since([gateway(10.0, 70.0)]) == 70.0
    assert silent_since([gateway(10.0, 70.1)]) is None
    assert silent_since([gateway(None, 12.0)]) is None
    assert silent_since([gateway(None, 12.0), gateway(10.0, 11.0)]) == 11.0


def test_there_is_no_gateway():
    assert silent_since([]) is None
