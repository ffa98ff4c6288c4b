"""A second world, of another making than the product's own: so that no model is tuned to one maker's habits.

    other_world.py --out DIR      writes DIR/other-1m-100k and DIR/census

People live in households of several naming traditions; names have Zipf frequencies and fashions; relatives share
surnames and addresses; there are twins, and sons with their father's name. Two lists hold them, each with slips of its
own. Nobody in it exists: postcodes begin with ZZ, which no real one does. Same seed, same rows.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Share of the households; the most frequent names, in order; syllables of the long tail of rarer ones.
TRADITIONS = {
    "english": (0.50,
        "John William James David Thomas George Robert Michael Charles Richard Paul Peter Andrew Mark Stephen Daniel "
        "Matthew Christopher Jack Harry Joseph Edward Alan Kevin Ian Simon Philip Benjamin Samuel Oliver",
        "Mary Margaret Elizabeth Sarah Susan Anne Jane Dorothy Helen Emma Patricia Catherine Joan Jennifer Christine "
        "Alice Emily Charlotte Lucy Rebecca Laura Amy Karen Julie Deborah Olivia Grace Sophie Hannah Ruth",
        "Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Johnson Roberts Robinson Thompson Wright Walker "
        "White Edwards Hughes Green Hall Lewis Harris Clarke Patterson Jackson Wood Turner Martin Cooper Hill Ward "
        "Morris Moore Clark Lee King Baker Harrison Morgan Allen",
        "Ash Brad Cart Dun Ed Fair Gold Hart Hol Kings Lang Mar Nor Old Pres Rad Stan Thorn Whit Wool",
        "al en er ing le mers o ow s y", "bury by combe don field ford ham ley man shaw son stead ton well wood worth"),
    "irish": (0.08,
        "Patrick Sean Michael John Conor Brendan Declan Liam Kevin Eamon Brian Niall Ciaran Aidan Dermot",
        "Mary Bridget Aoife Siobhan Niamh Ciara Maeve Sinead Orla Kathleen Eileen Deirdre Roisin Grainne Nora",
        "Murphy Kelly O'Brien Byrne Ryan O'Sullivan Walsh O'Connor Doyle McCarthy Gallagher Doherty Kennedy Lynch "
        "Murray Quinn Moore McLoughlin Carroll Connolly Daly Wilson Dunne Brennan Burke",
        "Mc O' Mac Fitz Kil Don Bren Cas Dal Far Gar Han Kin Lar Mul", "a e i o u ag ed ig on", "gan han ley lan ney rick ran tan van ry"),
    "south asian": (0.14,
        "Mohammed Muhammad Ali Ahmed Hassan Imran Usman Bilal Ravi Sanjay Amit Raj Vijay Harpreet Gurpreet Rahul Anil "
        "Abdul Tariq Asif",
        "Fatima Ayesha Zainab Sana Priya Anita Sunita Nisha Meera Harjit Manjit Kavita Amina Shabana Rukhsana Pooja "
        "Nasreen Farah Deepa Rani",
        "Khan Patel Singh Hussain Ahmed Begum Ali Kaur Shah Akhtar Miah Chowdhury Rahman Islam Sharma Malik Mahmood "
        "Iqbal Bibi Uddin Gill Das Kumar Choudhury Hossain",
        "Ab Ak Bal Chan Dar Far Gur Har Jag Kar Lal Man Nas Pra Ra Sal Shar Ta Var Za", "a i u ee", "deep han jit khar man meen nath raj rat sad veer war wal kar"),
    "arabic": (0.06,
        "Mohamed Ahmed Ali Omar Hassan Ibrahim Mahmoud Mustafa Khaled Youssef Abdullah Hussein Samir Karim Tarek",
        "Fatma Mariam Aisha Nour Layla Hanan Amal Samira Salma Huda Rania Yasmin Zahra Noor Iman",
        "Mohamed Ali Hassan Ahmed Ibrahim Hussein Abdi Saleh Mahmoud Salem Farah Osman Nasser Haddad Khalil Mansour "
        "Saad Aziz Hamdan Said",
        "Al Ab Ba Fa Ha Ja Ka Ma Na Ra Sa Ta Wa Ya Za", "a i ou aa", "bar dan fi hmed ir jid lah mad nan reem san zi"),
    "polish": (0.07,
        "Piotr Krzysztof Andrzej Tomasz Jan Pawel Michal Marcin Marek Grzegorz Adam Lukasz Jakub Mateusz Kamil",
        "Anna Maria Katarzyna Malgorzata Agnieszka Barbara Ewa Magdalena Monika Joanna Dorota Beata Zofia Justyna Karolina",
        "Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski Wozniak Dabrowski Kozlowski "
        "Jankowski Mazur Kwiatkowski Krawczyk Piotrowski Grabowski Pawlak Michalski",
        "Bar Brzo Cie Do Gra Jab Kal Kos Lis Mal Nie Ol Pio Ra Sko Szy Tom Wal Wis Za", "b d k l ma n ro so tow wi", "ak czyk ecki ek icz iewicz inski owski ska uk"),
    "west african": (0.07,
        "Emmanuel Samuel Kwame Kofi Chinedu Oluwaseun Tunde Femi Ibrahim Daniel Chukwuemeka Kwabena Yaw Segun Obinna",
        "Blessing Grace Ngozi Abena Ama Chioma Funmilayo Folake Esther Comfort Mercy Adwoa Amina Yetunde Ifeoma",
        "Mensah Owusu Okafor Adeyemi Boateng Osei Okeke Adebayo Appiah Eze Asante Balogun Nwosu Amoah Bello Ojo Agyeman "
        "Okonkwo Addo Lawal",
        "Ade Aki Bo Chi Eke Fa Ike Kwa Nwa Obi Oko Olu Osa Ona Uz", "be de ko la mi nu so we", "biyi chukwu dele kunle la ma ndu ola pong ré tayo wale"),
    "chinese": (0.04,
        "Wei Jun Ming Jian Hao Lei Tao Qiang Bo Yong Chi Kin Wing Chun Feng",
        "Li Fang Xiu Jing Yan Mei Ying Na Min Xin Hui Ling Yuet Siu Lan",
        "Chen Wang Li Zhang Liu Wong Chan Lam Cheung Yang Huang Zhao Lau Ng Wu Zhou Xu Ho Leung Tang",
        "Ch F G H J K L M Q S T W X Y Zh", "a ai ao e i ia iu o u", "n ng o"),
    "portuguese": (0.04,
        "Joao Jose Antonio Manuel Carlos Luis Pedro Paulo Rui Tiago Miguel Jorge Ricardo Bruno Nuno",
        "Maria Ana Isabel Teresa Sofia Catarina Ines Joana Marta Rita Carla Beatriz Helena Paula Cristina",
        "Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa Fernandes Goncalves Gomes Lopes Marques "
        "Almeida Ribeiro Pinto Carvalho Teixeira Moreira",
        "Al Bar Cal Cas Cor Es Fa Gui Mag Men Mon Mou Pa Que Sal Ser Ta Val Vas Vie", "a e i o ei", "cedo des do lho mar nha ra reira res ro telo vedo"),
}
NICKNAMES = {
    "William": "Bill", "Robert": "Bob", "Richard": "Dick", "Thomas": "Tom", "Michael": "Mike", "James": "Jim", "Joseph": "Joe",
    "Edward": "Ted", "Christopher": "Chris", "Matthew": "Matt", "Daniel": "Dan", "Samuel": "Sam", "Benjamin": "Ben",
    "Elizabeth": "Betty", "Margaret": "Peggy", "Catherine": "Kate", "Patricia": "Pat", "Jennifer": "Jenny", "Susan": "Sue",
    "Rebecca": "Becky", "Deborah": "Debbie", "Patrick": "Paddy", "Bridget": "Biddy", "Kathleen": "Kathy", "Katarzyna": "Kasia",
    "Malgorzata": "Gosia", "Krzysztof": "Kris", "Emmanuel": "Manny", "Jose": "Ze", "Harpreet": "Harry", "David": "Dave",
}
SPELLINGS = {
    "Mohammed": ["Mohammad", "Muhammad", "Mohamed", "Md"], "Muhammad": ["Mohammed", "Muhammed"], "Mohamed": ["Mohammed", "Muhammad"],
    "Ahmed": ["Ahmad", "Ahmet"], "Hussain": ["Hussein", "Husain", "Hossain"], "Hussein": ["Hussain", "Husayn"], "Chowdhury": ["Choudhury", "Chaudhry"],
    "Fatima": ["Fatema", "Fathima"], "Ayesha": ["Aisha", "Aysha"], "Youssef": ["Yusuf", "Yousef"], "Abdullah": ["Abdulla", "Abdallah"],
    "Osman": ["Usman", "Othman"], "Zhang": ["Chang", "Cheung"], "Wang": ["Wong"], "Chen": ["Chan"], "Sean": ["Shaun", "Shawn"],
    "Clarke": ["Clark"], "Catherine": ["Katherine", "Kathryn"], "Anne": ["Ann", "Anna"], "Stephen": ["Steven"], "Sarah": ["Sara"],
    "Thompson": ["Thomson"], "Sousa": ["Souza"], "Kaur": ["Kor"], "Rahman": ["Rehman"], "Miah": ["Mia"], "Uddin": ["Udin"],
}
STREETS = "High Church Station Victoria Mill Park London Manor Queen King New Grange Green Albert North South Chapel School Bridge Spring".split()
WAYS = {"Street": "St", "Road": "Rd", "Lane": "Ln", "Avenue": "Ave", "Close": "Cl", "Drive": "Dr", "Court": "Ct", "Gardens": "Gdns"}

# How often a list does something to a value. The first two are the lists of the large world, the other two those of two
# census years, ten years apart, on paper.
SLIPS = ("typing", "spelling", "nickname", "initial", "turned", "no_middle", "middle_initial", "born_unknown", "born_digit",
         "born_turned", "born_new_year", "born_off", "old_home", "maiden", "no_postcode", "postcode_slip", "no_address", "short_way")
HABITS = {
    "register": dict(zip(SLIPS, (.04, .06, .05, .02, .015, .35, .20, .03, .02, .012, .015, .010, .22, .05, .06, .02, .08, .40))),
    "list": dict(zip(SLIPS, (.015, .04, .02, .005, .005, .20, .10, .01, .006, .004, .006, .004, .06, .02, .02, .008, .02, .15))),
    "first year": dict(zip(SLIPS, (.08, .10, .08, .03, .005, .45, .30, .02, .04, .01, .03, .10, .45, .10, .04, .02, .05, .50))),
    "second year": dict(zip(SLIPS, (.08, .10, .08, .03, .005, .45, .30, .02, .04, .01, .03, .10, .02, .00, .04, .02, .05, .50))),
}


def zipf(n, power):
    weight = 1.0 / np.arange(1, n + 1) ** power
    return weight / weight.sum()


def tail(rng, start, middle, end, n):
    """n rarer names, made of syllables."""
    parts = [np.array(part.split(), dtype=object) for part in (start, middle, end)]
    made = parts[0][rng.integers(len(parts[0]), size=4 * n)]
    for part in parts[1:]:
        made = made + part[rng.integers(len(part), size=4 * n)]
    return list(dict.fromkeys(made))[:n]


class People:
    """Households and who is in them, as arrays."""

    def __init__(self, rng, n, latest_birth):
        size = rng.choice([1, 2, 3, 4, 5, 6], p=[.30, .33, .15, .14, .05, .03], size=n)
        size = size[: np.searchsorted(np.cumsum(size), n) + 1]
        self.home = np.repeat(np.arange(len(size)), size)[:n]
        first = np.r_[0, np.cumsum(size)[:-1]]
        place = (np.arange(len(self.home)) - first[self.home])[:n]
        head = first[self.home]
        # One in twenty households are not a family.
        family = (rng.random(len(size)) > .05)[self.home]
        couple = (rng.random(len(size)) < .8)[self.home]
        partner = family & couple & (place == 1)
        child = family & ~partner & (place > 0)

        kind = rng.choice(len(TRADITIONS), p=[t[0] for t in TRADITIONS.values()], size=n)
        self.kind = np.where(family & (rng.random(n) < .93), kind[head], kind)
        sex = rng.integers(2, size=n)
        self.sex = np.where(partner & (rng.random(n) < .97), 1 - sex[head], sex)

        days = rng.integers(365 * 22, 365 * 75, size=n)
        days = np.where(partner, days[head] + rng.normal(0, 1200, n), days)
        days = np.where(child, days[head] - rng.integers(365 * 19, 365 * 40, size=n), days)
        # Who would not be born yet is a child of any age; a birth date is no later than the latest.
        days = np.where(days < 0, rng.integers(1, 365 * 19, size=n), np.minimum(days, 365 * 95)).astype(np.int64)
        # The next child of a household is a twin in three of a hundred.
        twin = child & np.r_[False, child[:-1] & (self.home[1:] == self.home[:-1])] & (rng.random(n) < .03)
        days[twin] = days[np.flatnonzero(twin) - 1]
        self.born = np.datetime64(latest_birth) - days.astype("timedelta64[D]")
        self.kin = np.full(n, "other", dtype=object)
        self.kin[twin] = "twin"
        self.kin[np.flatnonzero(twin) - 1] = "twin"

        self.given, self.middle, self.surname = (np.empty(n, dtype=object) for _ in range(3))
        decade = self.born.astype("datetime64[Y]").astype(int) // 10 + 10
        for at, (_, men, women, names, *parts) in enumerate(TRADITIONS.values()):
            here = np.flatnonzero(self.kind == at)
            rare = tail(rng, *parts, 12_000)
            names = np.array(names.split() + rare[400:], dtype=object)
            self.surname[here] = names[rng.choice(len(names), p=zipf(len(names), .85), size=len(here))]
            for sex, given in enumerate((men, women)):
                who = here[self.sex[here] == sex]
                given = np.array(given.split() + rare[sex * 150 : (sex + 1) * 150], dtype=object)
                for target in (self.given, self.middle):
                    # Fashion: what was first is not first a generation later.
                    rank = rng.choice(len(given), p=zipf(len(given), 1.1), size=len(who))
                    target[who] = given[np.where(rank < 30, (rank + 2 * decade[who]) % min(30, len(given)), rank)]
        share = (partner & (rng.random(n) < .75)) | (child & (rng.random(n) < .95))
        self.maiden = np.where(partner & share & (self.sex == 1), self.surname, None)
        self.surname = np.where(share, self.surname[head], self.surname)
        # Double names, of those who share none.
        double = ~share & (rng.random(n) < .02)
        self.surname[double] = self.surname[double] + "-" + self.surname[rng.permutation(np.flatnonzero(double))]
        namesake = child & (self.sex == 0) & (self.sex[head] == 0) & share & (rng.random(n) < .04)
        self.given = np.where(namesake, self.given[head], self.given)
        self.kin[namesake] = "namesake"
        self.kin[head[namesake]] = "namesake"
        has_middle = rng.random(n) < np.where(np.isin(self.kind, [0, 1, 7]), .8, .3)
        self.middle = np.where(has_middle, self.middle, None)

        # Homes: the household's, and one before it; of every tradition one half lives in places of its own.
        homes = len(size)
        self.places = Places(rng, 2 * homes, np.concatenate([self.kind[first]] * 2))
        alone = rng.random(n) < .1
        own = Places(rng, n, self.kind)
        self.now = self.places.postcode[self.home], self.places.line[self.home]
        before = homes + self.home
        self.before = (np.where(alone, own.postcode, self.places.postcode[before]),
                       np.where(alone, own.line, self.places.line[before]))


class Places:
    def __init__(self, rng, n, kind):
        area = rng.choice(60, p=zipf(60, .6), size=n)
        area = np.where(rng.random(n) < .5, (kind * 7 + rng.integers(4, size=n)) % 60, area)
        street = rng.integers(n // 900 + 20, size=n)
        ends = np.array([a + b for a in "ABDEFGHJLNPQRSTUWXYZ" for b in "ABDEFGHJLN"], dtype=object)
        number = lambda values: values.astype(str).astype(object)
        self.postcode = ("ZZ" + number(area + 1) + " " + number(street % 10)
                         + ends[(street // 10 * 7 + rng.integers(7, size=n)) % len(ends)])
        names, ways = np.array(STREETS, dtype=object), np.array(list(WAYS), dtype=object)
        flat = np.where(rng.random(n) < .2, "Flat " + number(rng.integers(1, 40, size=n)) + ", ", "")
        self.line = (flat.astype(object) + number(rng.integers(1, 160, size=n)) + " " + names[(street * 3 + area) % len(names)]
                     + " " + ways[(street + area) % len(ways)])


def mistype(rng, text):
    """One slip of the hand: a letter too few, too many, wrong, or in the wrong place."""
    if len(text) < 3:
        return text
    at, letter = int(rng.integers(1, len(text))), "abcdefghijklmnoprstuwyz"[rng.integers(23)]
    swap = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    return (text[:at] + text[at + 1 :], text[:at] + letter + text[at:], text[:at] + letter + text[at + 1 :], swap)[rng.integers(4)]


def respell(rng, text):
    if text in SPELLINGS:
        return SPELLINGS[text][rng.integers(len(SPELLINGS[text]))]
    for old, new in (("ph", "f"), ("ck", "k"), ("ll", "l"), ("ee", "ea"), ("ie", "y"), ("y", "ie"), ("sz", "sh"), ("ow", "ou"), ("ss", "s"), ("i", "y")):
        if old in text[1:]:
            return text[0] + text[1:].replace(old, new, 1)
    return text


def record(rng, people, who, habits):
    """The people `who` as a list holds them."""
    n = len(who)
    hits = lambda slip: np.flatnonzero(rng.random(n) < habits[slip])
    given, middle, surname = people.given[who].copy(), people.middle[who].copy(), people.surname[who].copy()
    for at in hits("maiden"):
        surname[at] = people.maiden[who[at]] or surname[at]
    for at in hits("nickname"):
        given[at] = NICKNAMES.get(given[at], given[at])
    for names in (given, surname):
        for at in hits("spelling"):
            names[at] = respell(rng, names[at])
        for at in hits("typing"):
            names[at] = mistype(rng, names[at])
    for at in hits("middle_initial"):
        middle[at] = middle[at] and middle[at][0]
    middle[hits("no_middle")] = None
    for at in hits("initial"):
        given[at] = given[at][0]
    at = hits("turned")
    given[at], surname[at] = surname[at], given[at]

    born = people.born[who].astype(str).astype(object)
    off = hits("born_off")
    born[off] = (people.born[who][off] + rng.integers(-400, 400, size=len(off)).astype("timedelta64[D]")).astype(str)
    for at in hits("born_digit"):
        place = (3, 6, 8, 9)[rng.integers(4)]
        born[at] = born[at][:place] + str(rng.integers(10)) + born[at][place + 1 :]
    for at in hits("born_turned"):
        year, month, day = born[at].split("-")
        born[at] = f"{year}-{day}-{month}" if "01" <= day <= "12" else born[at]
    for at in hits("born_new_year"):
        born[at] = born[at][:4] + "-01-01"
    born[hits("born_unknown")] = None

    old = rng.random(n) < habits["old_home"]
    postcode = np.where(old, people.before[0][who], people.now[0][who])
    address = np.where(old, people.before[1][who], people.now[1][who])
    for at in hits("postcode_slip"):
        postcode[at] = mistype(rng, postcode[at]).upper()
    postcode[hits("no_postcode")] = None
    for at in hits("short_way"):
        *line, way = address[at].split(" ")
        address[at] = " ".join([*line, WAYS[way]])
    for at in hits("typing"):
        address[at] = mistype(rng, address[at])
    address[hits("no_address")] = None
    return {"given_name": given, "middle_name": middle, "surname": surname, "date_of_birth": born,
            "postcode": postcode, "address": address}


def write(out, seed, left, right, both, habits, latest_birth):
    rng = np.random.default_rng(seed)
    n = left + right - both
    people = People(rng, n, latest_birth)
    order = rng.permutation(n)
    rows = {"left": rng.permutation(order[:left]), "right": rng.permutation(order[left - both :])}
    out.mkdir(parents=True, exist_ok=True)

    def save(name, columns):
        pq.write_table(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), out / f"{name}.parquet", compression="zstd")

    ids = {}
    for (side, who), habit in zip(rows.items(), habits):
        ids[side] = np.array([f"{side[0].upper()}{at:07}" for at in range(len(who))], dtype=object)
        save(side, {"id": ids[side], **record(rng, people, who, HABITS[habit])})
    at = np.full(n, -1)
    at[rows["right"]] = np.arange(right)
    there = at[rows["left"]]
    save("truth", {"left_id": ids["left"][there >= 0], "right_id": ids["right"][there[there >= 0]]})
    year = people.born[rows["left"]].astype("datetime64[Y]").astype(str).astype(object)
    save("groups", {
        "left_id": ids["left"],
        "origin": np.array(list(TRADITIONS), dtype=object)[people.kind[rows["left"]]],
        "sex": np.array(["male", "female"], dtype=object)[people.sex[rows["left"]]],
        "birth_year": year,
        "born": np.array([y[:3] + "0s" for y in year], dtype=object),
        "kin": people.kin[rows["left"]],
    })
    print(out.name, {"left": left, "right": right, "truth": int((there >= 0).sum())})


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, required=True)
    args = args.parse_args()
    write(args.out / "other-1m-100k", 20161, 100_000, 1_000_000, 60_000, ("register", "list"), "2010-12-31")
    write(args.out / "census", 1881, 10_000, 11_000, 7_500, ("first year", "second year"), "1871-04-01")


if __name__ == "__main__":
    main()
