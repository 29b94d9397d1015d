"""Golden values of BLEU and SquadF1: what sacrebleu says, and what SQuAD's evaluate-v1.1.py defines.

Each row is a metric, the answers of all samples, the right ones of each sample, and the value. Output: C++
initialisers, for text_golden.inc.
"""
import collections
import json
import re
import string

import sacrebleu


def row(name, answers, wanted, value):
    words = lambda texts: "{" + ", ".join(json.dumps(text, ensure_ascii=False) for text in texts) + "}"
    print(f'{{"{name}",\n{words(answers)},\n{{{", ".join(words(texts) for texts in wanted)}}},\n{float(value)!r}}},')


def bleu(answers, wanted):
    """The settings of LPOT: international tokenizer, lower case, exponential smoothing."""
    references = [[texts[i] for texts in wanted] for i in range(len(wanted[0]))]
    score = sacrebleu.corpus_bleu(answers, references, lowercase=True, tokenize="intl", smooth_method="exp")
    row("BLEU", answers, wanted, score.score)


def normalize_answer(text):
    """SQuAD's evaluate-v1.1.py, with f1_score below."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1_score(answer, wanted):
    answer, wanted = normalize_answer(answer).split(), normalize_answer(wanted).split()
    same = sum((collections.Counter(answer) & collections.Counter(wanted)).values())
    if same == 0:
        return 0
    precision, recall = same / len(answer), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


def squad(answers, wanted):
    best = [max(f1_score(answer, text) for text in texts) for answer, texts in zip(answers, wanted)]
    row("SquadF1", answers, wanted, 100 * sum(best) / len(best))


GERMAN = ["Die Katze saß auf der Matte.", "Es kostet 1.000,50 € – nicht mehr!", "ÄPFEL und Öl (2 kg), bitte.",
          "Sie sagte: „Gehen wir nach Hause“, und ging.", "日本語 テスト 文章 です 。"]
WANTED = [["Die Katze sass auf der Matte ."], ["Es kostet 1.000,50 Euro – nicht mehr!"], ["Äpfel und Öl (2 kg) bitte."],
          ["Sie sagte: „Wir gehen nach Hause“, und sie ging."], ["日本語 テスト 文章 でした 。"]]
bleu(GERMAN, WANTED)
bleu(["the cat is on the mat"], [["the cat sat on the mat"]])  # no run of four matches
bleu(["the the the the the the the"], [["the cat is on the mat"]])
bleu(["a b c d e f", "g h i j k l m"], [["a b c d e f", "a b c x y z"], ["g h i j k", "g h i j k l m n o p"]])
bleu(["short answer of five words"], [["a much longer right answer of more than five words in one line"]])
bleu(["nothing in common here"], [["quite another sentence altogether"]])
bleu(["x-y/z 3.14 50% $5,000 a_b @home #1"], [["x-y/z 3.14 50 % $5,000.00 a_b @home # 1"]])

squad(["the Denver Broncos", "in 1066", "a an the", "São Paulo!", "the–end", "U.S.A.", "Ist die Straße lang", ""],
      [["Denver Broncos", "Broncos"], ["1066", "the year 1066"], ["the"], ["Sao Paulo", "são paulo"], ["end"],
       ["USA", "the United States"], ["DIE STRASSE", "die Straße"], ["something"]])
squad(["to be or not to be", "one one two"], [["be be be"], ["one two two"]])
