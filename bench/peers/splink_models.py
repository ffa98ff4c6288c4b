"""The models for Splink, one for each kind of list: what a user would choose who knows Splink and the lists. The
blocking rules are equalities of columns, so that another tool can repeat them exactly.
"""

import splink.comparison_level_library as level
import splink.comparison_library as compare
from splink import block_on


class Model:
    # Columns that are made before Splink sees the list. Counted as preparation.
    prepare = "select * from {table}"
    # Rules that find few false pairs, and the share of the true pairs that they are thought to find.
    sure = []
    sure_recall = 0.7
    max_pairs = 1e7


def levels(name, *of):
    return compare.CustomComparison(output_column_name=name, comparison_levels=list(of))


def custom(sql, label):
    return level.CustomLevel(sql, label_for_charts=label)


def years(column, most):
    left, right = (f"try_cast({column}_{side}[1:4] as int)" for side in "lr")
    return custom(f"abs({left} - {right}) <= {most}", f"years apart <= {most}")


def birth(*further, column="date_of_birth"):
    left, right = f"{column}_l", f"{column}_r"
    same_year = f"{left}[1:4] = {right}[1:4]"
    return levels(
        column,
        level.NullLevel(column),
        # Frequencies, because 1 January stands for 'not known'.
        level.ExactMatchLevel(column).configure(tf_adjustment_column=column),
        custom(f"{same_year} and {left}[6:7] = {right}[9:10] and {left}[9:10] = {right}[6:7]", "day and month swapped"),
        level.DamerauLevenshteinLevel(column, 1),
        custom(f"{same_year} and ({left}[5:10] = '-01-01' or {right}[5:10] = '-01-01')", "1 January of the year"),
        *further,
        level.ElseLevel(),
    )


class FullName(Model):
    """Lists with one full name in any order, former names, all known postcodes, and a number for some."""

    prepare = """
        with words as (
            select *, string_split(trim(regexp_replace(upper(strip_accents(full_name)), '[^A-Z]+', ' ', 'g')), ' ') as name_words,
                [array_to_string(list_sort(string_split(trim(n), ' ')), ' ') for n in string_split(
                    regexp_replace(upper(strip_accents(concat_ws(';', full_name, former_names))), '[^A-Z;]+', ' ', 'g'), ';'
                )] as all_names
            from {table}
        )
        select id, name_words, all_names, all_names[1] as name_sorted, name_words[1] as first_token,
            name_words[-1] as last_token, date_of_birth, nino, postcode, string_split(postcodes, ';') as all_postcodes
        from words
    """
    comparisons = [
        levels(
            "name",
            level.NullLevel("name_sorted"),
            level.ExactMatchLevel("name_sorted").configure(tf_adjustment_column="name_sorted"),
            level.ArrayIntersectLevel("all_names", 1).configure(label_for_charts="a former name"),
            level.ArrayIntersectLevel("name_words", 2),
            level.JaroWinklerLevel("name_sorted", 0.92),
            level.ArrayIntersectLevel("name_words", 1),
            level.JaroWinklerLevel("name_sorted", 0.8),
            level.ElseLevel(),
        ),
        birth(),
        levels(
            "nino",
            level.NullLevel("nino"),
            # A sample of random pairs holds none of these; the number is unique by design.
            level.ExactMatchLevel("nino").configure(u_probability=1e-7, fix_u_probability=True),
            level.DamerauLevenshteinLevel("nino", 1),
            level.ElseLevel(),
        ),
        levels(
            "postcode",
            level.NullLevel("postcode"),
            level.ExactMatchLevel("postcode").configure(tf_adjustment_column="postcode"),
            level.ArrayIntersectLevel("all_postcodes", 1),
            level.ElseLevel(),
        ),
    ]
    rules = ["nino"], ["date_of_birth"], ["first_token", "last_token"], ["postcode"]
    sure = ["nino", "date_of_birth"], ["date_of_birth", "first_token", "last_token"]
    sure_recall = 0.85
    train = ["nino"], ["date_of_birth", "name_sorted"]


class Narrow(FullName):
    """The same lists and comparisons under rules that bring fewer pairs together."""

    prepare = f"select *, date_of_birth[1:4] as birth_year, date_of_birth[1:7] as birth_month from ({FullName.prepare})"
    rules = ["nino"], ["postcode"], ["first_token", "birth_year"], ["last_token", "birth_month"]


def given(*fuzzy):
    return levels(
        "given_name",
        level.NullLevel("given_name"),
        level.ExactMatchLevel("given_name").configure(tf_adjustment_column="given_name"),
        level.ColumnsReversedLevel("given_name", "surname", symmetrical=True),
        *fuzzy,
        custom(
            "given_name_l[1] = given_name_r[1] and least(length(given_name_l), length(given_name_r)) = 1", "initial"
        ),
        level.ElseLevel(),
    )


def middle():
    return levels(
        "middle_name",
        level.NullLevel("middle_name"),
        level.ExactMatchLevel("middle_name").configure(tf_adjustment_column="middle_name"),
        custom(
            "middle_name_l[1] = middle_name_r[1] and least(length(middle_name_l), length(middle_name_r)) = 1", "initial"
        ),
        level.ElseLevel(),
    )


def place():
    same = "postcode_l = postcode_r"
    return levels(
        "place",
        level.NullLevel("postcode"),
        custom(f"{same} and jaro_winkler_similarity(address_l, address_r) >= 0.9", "postcode and address"),
        level.ExactMatchLevel("postcode").configure(tf_adjustment_column="postcode"),
        custom("damerau_levenshtein(postcode_l, postcode_r) <= 1 and address_l = address_r", "address"),
        custom("split_part(postcode_l, ' ', 1) = split_part(postcode_r, ' ', 1)", "district"),
        level.ElseLevel(),
    )


class Parts(Model):
    """Lists with given name, middle name, surname, birth date, postcode and address."""

    comparisons = [
        given(level.JaroWinklerLevel("given_name", 0.92), level.JaroWinklerLevel("given_name", 0.8)),
        middle(),
        compare.NameComparison("surname", jaro_winkler_thresholds=[0.92, 0.8]),
        birth(years("date_of_birth", 1), years("date_of_birth", 10)),
        place(),
    ]
    rules = ["date_of_birth"], ["given_name", "surname"], ["postcode"]
    sure = ["date_of_birth", "given_name", "surname"], ["date_of_birth", "postcode", "given_name"]
    sure_recall = 0.8
    train = ["date_of_birth", "postcode"], ["given_name", "surname", "postcode"], ["given_name", "surname", "date_of_birth"]


class Census(Model):
    """The same columns ten years apart and in bad hands: Damerau-Levenshtein on names and dates."""

    comparisons = [
        given(level.DamerauLevenshteinLevel("given_name", 1), level.DamerauLevenshteinLevel("given_name", 2)),
        middle(),
        levels(
            "surname",
            level.NullLevel("surname"),
            level.ExactMatchLevel("surname").configure(tf_adjustment_column="surname"),
            level.DamerauLevenshteinLevel("surname", 1),
            level.DamerauLevenshteinLevel("surname", 2),
            level.ElseLevel(),
        ),
        levels(
            "date_of_birth",
            level.NullLevel("date_of_birth"),
            level.ExactMatchLevel("date_of_birth").configure(tf_adjustment_column="date_of_birth"),
            level.DamerauLevenshteinLevel("date_of_birth", 1),
            level.DamerauLevenshteinLevel("date_of_birth", 2),
            years("date_of_birth", 1),
            level.ElseLevel(),
        ),
        place(),
    ]
    rules = ["surname"], ["given_name"], ["date_of_birth"], ["postcode"]
    sure = ["date_of_birth", "given_name"], ["date_of_birth", "surname"], ["given_name", "surname", "postcode"]
    sure_recall = 0.75
    train = ["date_of_birth"], ["given_name", "surname"], ["postcode"]


class Febrl(Model):
    """As in Splink's own examples for these lists."""

    comparisons = [
        compare.NameComparison("given_name"),
        compare.NameComparison("surname"),
        compare.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        compare.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        compare.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        compare.JaroWinklerAtThresholds("address_1", [0.9]),
        compare.DamerauLevenshteinAtThresholds("postcode", [1]),
        compare.JaroWinklerAtThresholds("suburb", [0.9]).configure(term_frequency_adjustments=True),
    ]
    rules = ["soc_sec_id"], ["given_name"], ["surname"], ["date_of_birth"], ["postcode"]
    sure = ["soc_sec_id"], ["given_name", "surname", "date_of_birth"]
    sure_recall = 0.9
    train = ["date_of_birth"], ["surname"], ["postcode"]


MODELS = {"full-name": FullName, "narrow": Narrow, "parts": Parts, "census": Census, "febrl": Febrl}


def rule(columns):
    return block_on(*columns)
