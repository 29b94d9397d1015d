#!/usr/bin/env python3
"""Turns texts into the features that text models take, as one HDF5 file for the data sets GLUE and bert.

    prepare_text.py glue dev.tsv --task mrpc --tokenizer tokenizer.json --output mrpc.h5
    prepare_text.py squad dev-v1.1.json --tokenizer vocab.txt --max-seq-length 384 --output squad.h5
    prepare_text.py text reviews.tsv --tokenizer tokenizer.json --output reviews.h5

glue takes a file of GLUE's archives, squad one of SQuAD 1.1, text lines "LABEL<tab>TEXT" or "LABEL<tab>TEXT<tab>TEXT"
with integer labels. The tokenizer is the model's own: a tokenizer.json, or the vocab.txt of a BERT model. The tokens
are Hugging Face's, and so are their ids. src/data/README.md describes the file that is written.
"""
import argparse
import csv
import hashlib
import json
import os
import pathlib
import sys

try:
    import h5py
    import numpy as np
    import tokenizers
except ImportError as error:  # start again with the Python that scripts/setup.sh --with-text made
    deps = os.environ.get("HALFTONE_DEPS_DIR", str(pathlib.Path(__file__).resolve().parent.parent / ".deps"))
    python = f"{deps}/text/bin/python"
    is_missing = not os.path.exists(python) or os.environ.get("HALFTONE_TEXT_AGAIN")
    if not is_missing:
        os.execve(python, [python, *sys.argv], {**os.environ, "HALFTONE_TEXT_AGAIN": "1"})
    if not {"-h", "--help"} & set(sys.argv):  # the help needs none of the packages
        sys.exit(f"error: {error}: run scripts/setup.sh --with-text")

ENTAILMENT = ["entailment", "not_entailment"]
NLI = ["contradiction", "entailment", "neutral"]
# Of each task: the columns of the texts and of the label, whether a line with names stands first, and the words of the
# labels where they are no numbers. Source: GLUE's archives; the order of the words is that of Hugging Face's processors.
GLUE_TASKS = {
    "cola": ((3,), 1, False, None), "sst-2": ((0,), 1, True, None), "mrpc": ((3, 4), 0, True, None),
    "sts-b": ((7, 8), -1, True, None), "qqp": ((3, 4), 5, True, None), "mnli": ((8, 9), -1, True, NLI),
    "mnli-mm": ((8, 9), -1, True, NLI), "qnli": ((1, 2), -1, True, ENTAILMENT), "rte": ((1, 2), -1, True, ENTAILMENT),
    "wnli": ((1, 2), -1, True, None),
}


def fail(what):
    sys.exit(f"error: {what}")


def crc32c(data):
    """What Halftone compares a tokenizer's file with: CRC-32C, as its journals use."""
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def load_tokenizer(path, cased):
    data = read(path)
    if path.endswith(".json"):
        try:
            return tokenizers.Tokenizer.from_str(data.decode()), data
        except Exception as error:  # the library has no class of its own for this
            fail(f"{path} is no tokenizer.json: {error}")
    words = data.decode().splitlines()
    if "[UNK]" not in words or "[CLS]" not in words or "[SEP]" not in words:
        fail(f"{path} is no vocabulary of a BERT model: it lacks [UNK], [CLS] or [SEP]")
    vocabulary = {word: number for number, word in enumerate(words)}
    return tokenizers.BertWordPieceTokenizer(vocabulary, lowercase=not cased), data


def read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def padding_of(tokenizer):
    for word in ("[PAD]", "<pad>"):
        number = tokenizer.token_to_id(word)
        if number is not None:
            return {"pad_id": number, "pad_token": word}
    return {"pad_id": 0, "pad_token": "[PAD]"}


def tokenize(tokenizer, pairs, length):
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, **padding_of(tokenizer))
    return tokenizer.encode_batch(pairs)


def features_of(encodings):
    return {"input_ids": np.array([e.ids for e in encodings], np.int64),
            "attention_mask": np.array([e.attention_mask for e in encodings], np.int64),
            "token_type_ids": np.array([e.type_ids for e in encodings], np.int64)}


def text_rows(path):
    """Lines of a table, which has no quotes: a double quote is a letter like any other."""
    lines = read(path).decode("utf-8-sig").splitlines()
    return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def number_of(word, place, kind):
    try:
        return kind(word)
    except ValueError:
        fail(f"{place}: the label '{word}' is no number")


def labelled(path, rows, columns, label, words, kind):
    """Texts (or pairs of them) and labels of a table. Rows count from 1, as in an editor."""
    texts, labels = [], []
    for number, row in rows:
        place = f"{path}:{number}"
        if len(row) <= max(*columns, label):
            fail(f"{place}: has {len(row)} columns, too few")
        chosen = [row[column] for column in columns]
        texts.append(chosen[0] if len(chosen) == 1 else tuple(chosen))
        if words and row[label] not in words:
            fail(f"{place}: the label '{row[label]}' is none of {', '.join(words)}")
        labels.append(words.index(row[label]) if words else number_of(row[label], place, kind))
    if not texts:
        fail(f"{path}: holds no texts")
    return texts, labels


def glue(options, tokenizer):
    columns, label, has_names, words = GLUE_TASKS[options.task]
    rows = list(enumerate(text_rows(options.input), 1))[1 if has_names else 0:]
    is_score = options.task == "sts-b"
    texts, labels = labelled(options.input, [row for row in rows if row[1]], columns, label, words,
                             float if is_score else int)
    features = features_of(tokenize(tokenizer, texts, options.max_seq_length))
    return {**features, "label": np.array(labels, np.float32 if is_score else np.int64)}


def plain_text(options, tokenizer):
    rows = [(number, row) for number, row in enumerate(text_rows(options.input), 1) if row]
    is_pair = bool(rows) and len(rows[0][1]) > 2
    texts, labels = labelled(options.input, rows, (1, 2) if is_pair else (1,), 0, None, int)
    return {**features_of(tokenize(tokenizer, texts, options.max_seq_length)), "label": np.array(labels, np.int64)}


def windows_of(tokenizer, question, context, options):
    """Question and context as one or more windows: the context is long, and each window moves by doc_stride tokens."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    words = tokenizer.encode(question, add_special_tokens=False)
    if len(words.ids) > options.max_query_length:
        question = question[:words.offsets[options.max_query_length - 1][1]]
        words = tokenizer.encode(question, add_special_tokens=False)
    room = options.max_seq_length - len(words.ids) - tokenizer.num_special_tokens_to_add(True)
    if room < 1:
        fail(f"--max-seq-length {options.max_seq_length} leaves no room for a context")
    # The library's stride is what two windows share; BERT's is by how much they differ.
    tokenizer.enable_truncation(options.max_seq_length, stride=room - min(room, options.doc_stride),
                                strategy="only_second")
    tokenizer.enable_padding(length=options.max_seq_length, **padding_of(tokenizer))
    first = tokenizer.encode(question, context)
    return [first, *first.overflowing]


def byte_offsets(encoding, context):
    """Of each token of the context, where it begins and ends in the context's UTF-8 bytes; -1 for other tokens."""
    starts = np.cumsum([0] + [len(letter.encode()) for letter in context])
    return [(starts[begin], starts[end]) if sequence == 1 else (-1, -1)
            for (begin, end), sequence in zip(encoding.offsets, encoding.sequence_ids)]


def squad(options, tokenizer):
    try:
        articles = json.loads(read(options.input))["data"]
        paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
        questions = [(paragraph["context"], item) for paragraph in paragraphs for item in paragraph["qas"]]
        rows = [(context, item["id"], item["question"], [a["text"] for a in item["answers"]]) for context, item in questions]
    except (ValueError, KeyError, TypeError) as error:
        fail(f"{options.input}: is no file of SQuAD 1.1 ({type(error).__name__}: {error})")
    encodings, offsets, ids, contexts, answers = [], [], [], [], []
    for context, question_id, question, texts in rows:
        for encoding in windows_of(tokenizer, question.strip(), context, options):
            encodings.append(encoding)
            offsets.append(byte_offsets(encoding, context))
            ids.append(question_id.encode())
            contexts.append(context.encode())
            answers.append([text.encode() for text in dict.fromkeys(texts)])
    if not rows:
        fail(f"{options.input}: holds no questions")
    most = max(1, max(len(texts) for texts in answers))
    answers = [texts + [b""] * (most - len(texts)) for texts in answers]
    return {**features_of(encodings), "offsets": np.array(offsets, np.int64), "question_id": np.array(ids, "S"),
            "context": np.array(contexts, "S"), "answers": np.array(answers, "S")}


def write(options, arrays, tokenizer, tokenizer_bytes):
    temporary = options.output + ".tmp"
    with h5py.File(temporary, "w") as file:
        texts = {"format": "halftone text features", "kind": options.kind, "task": getattr(options, "task", options.kind),
                 "source": os.path.basename(options.input), "tokenizer": os.path.basename(options.tokenizer),
                 "tokenizer_sha256": hashlib.sha256(tokenizer_bytes).hexdigest(),
                 "tokenizer_crc32c": f"{crc32c(tokenizer_bytes):08x}"}
        for name, value in texts.items():
            file.attrs[name] = np.bytes_(value)
        file.attrs["format_version"] = np.int64(1)
        file.attrs["vocabulary"] = np.int64(tokenizer.get_vocab_size())
        file.attrs["max_seq_length"] = np.int64(options.max_seq_length)
        for name, array in arrays.items():
            rows = max(1, min(len(array), 2**16 // max(1, array[0].nbytes)))
            file.create_dataset(name, data=array, chunks=(rows, *array.shape[1:]), compression="gzip", shuffle=True)
    os.replace(temporary, options.output)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, length in (("glue", 128), ("squad", 384), ("text", 128)):
        part = kinds.add_parser(kind)
        part.add_argument("input", metavar="FILE", help="the texts")
        part.add_argument("--tokenizer", required=True, metavar="FILE", help="the model's tokenizer.json or vocab.txt")
        part.add_argument("--output", required=True, metavar="FEATURES.h5", help="the file to write")
        part.add_argument("--max-seq-length", type=int, default=length, metavar="N",
                          help="the length of all samples in tokens; default: %(default)s")
        part.add_argument("--cased", action="store_true", help="keeps capital letters and accents; only with a vocab.txt")
        if kind == "glue":
            part.add_argument("--task", required=True, type=str.lower, choices=sorted(GLUE_TASKS),
                              help="the task, which says where the texts and the label stand in a line")
        if kind == "squad":
            part.add_argument("--doc-stride", type=int, default=128, metavar="N",
                              help="the windows of a long text begin this many tokens apart; default: %(default)s")
            part.add_argument("--max-query-length", type=int, default=64, metavar="N",
                              help="a longer question is cut to this many tokens; default: %(default)s")
    options = parser.parse_args()
    for path in (options.input, options.tokenizer):
        if os.path.exists(path) and os.path.exists(options.output) and os.path.samefile(path, options.output):
            parser.error(f"--output {options.output} is read by this script and would be lost; choose another path")
    if options.max_seq_length < 4:
        parser.error("--max-seq-length must be 4 or more")
    return options


def main():
    options = parse_arguments()
    tokenizer, tokenizer_bytes = load_tokenizer(options.tokenizer, options.cased)
    arrays = {"glue": glue, "squad": squad, "text": plain_text}[options.kind](options, tokenizer)
    write(options, arrays, tokenizer, tokenizer_bytes)
    print(f"{options.output}: {len(arrays['input_ids'])} samples of {options.max_seq_length} tokens")


if __name__ == "__main__":
    main()
