#!/usr/bin/env python3
"""Writes one HTML file that shows a tuning run: what it tried, what it found, and why each layer is what it is.

    halftone report WORKSPACE --study study.h5
    scripts/report.py study.h5 [--dump DIR] --output report.html

The file needs no network and no other file. Every picture is there as a table too. A run that is still going on,
failed or was killed gives a report too; the report says what is missing. --dump takes the distributions from a dump
of `halftone dump` instead of those that the run kept. The script needs h5py, pandas and plotly; scripts/setup.sh
installs them.
Exit codes: 0 done, 2 usage, 3 a file is damaged or is not a study or dump, 4 the report cannot be written.
"""

import argparse
import datetime
import html
import os
import pathlib
import sys

from report_reader import Failure, Study, from_calibration, from_dump, from_run, text

TOP = pathlib.Path(__file__).resolve().parent.parent
DEPS = pathlib.Path(os.environ.get("HALFTONE_DEPS_DIR", TOP / ".deps"))
DTYPE_COLOURS = {"fp32": "#c2574f", "bf16": "#d9a441", "int8": "#3a7ca5", "uint8": "#2f9e8f", "int4 weights": "#7a5ca5",
                 "int8 weights": "#a58fd0"}
OTHER_COLOUR = "#bbbbbb"


def use_environment():
    """Starts again with the Python that scripts/setup.sh made, unless this one has all it takes."""
    try:
        import h5py  # noqa: F401
        import pandas  # noqa: F401
        import plotly  # noqa: F401
    except ImportError as error:
        python = DEPS / "report/bin/python"
        if not python.exists() or os.environ.get("HALFTONE_REPORT_AGAIN"):
            raise Failure(2, f"{error}: run scripts/setup.sh") from error
        os.environ["HALFTONE_REPORT_AGAIN"] = "1"
        os.execv(python, [str(python), *sys.argv])


# ---- pieces of the page ----

def table_html(frame, caption="As a table"):
    shown = frame.to_html(index=False, border=0, na_rep="–", float_format=lambda x: f"{x:.6g}", classes="data")
    return f"<details><summary>{html.escape(caption)} ({len(frame)} rows)</summary><div class=scroll>{shown}</div></details>"


def figure_html(figure, height=420):
    figure.update_layout(height=height, margin={"l": 70, "r": 20, "t": 30, "b": 50}, template="plotly_white",
                         legend={"orientation": "h", "y": 1.08})
    return figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True})


def missing(what):
    return f"<p class=missing>{html.escape(what)}</p>"


def duration(seconds):
    """As the program writes it: "14s", "3m 20s", "2h 05m"."""
    seconds = round(max(0.0, float(seconds)))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"


def progress_bar(study):
    """How far a run is that goes on: trials, time so far and left, and the moment in which that was true."""
    progress = study.progress
    if not progress:
        return ""
    elapsed = float(progress.get("elapsed_s", 0))
    said = f"{duration(elapsed)} so far"
    if progress.get("left"):
        said += f", {progress['left']}"
    if progress.get("trials"):
        said += f"; at most {int(progress.get('most_trials_left', 0))} trials may follow"
    at = datetime.datetime.fromtimestamp(float(progress.get("at_s", 0)), datetime.timezone.utc)
    said += f" (at {at:%Y-%m-%d %H:%M:%S} UTC; make the report again for later numbers)"
    known = [float(progress[key]) for key in ("expected_left_s", "most_left_s") if progress.get(key, float("nan")) >= 0]
    bar = f"<progress max=1 value={elapsed / max(elapsed + known[0], 1e-9):.3f}></progress> " if known else ""
    return f"<p class=progress>{bar}{html.escape(said)}</p>"


def first_screen(study):
    """The verdict in one sentence, then what to do next: what tune says at its end, in the same words. Of a run that
    goes on, how far it is."""
    run = study.run
    folder = str(run.get("workspace") or "WORKSPACE").rstrip("/") or "/"
    verdict = run.get("verdict")
    if not verdict:
        verdict = {"running": f"The run goes on: {len(study.trials)} trials so far.",
                   "stopped": "The run has not ended: tune --resume goes on."}.get(run.get("state"), "The run has ended.")
    steps = ((f"halftone certify {folder}/best.onnx", "does it hold in ONNX Runtime and OpenVINO?"),
             (f"halftone report {folder}", "every trial, as text"))
    rows = "".join(f"<li><code>{html.escape(command)}</code> {html.escape(why)}</li>" for command, why in steps)
    return (f"<p class=verdict>{html.escape(str(verdict))}</p>{progress_bar(study)}"
            f"<p>Next:</p><ol class=next>{rows}</ol>")


def summary(study):
    import pandas
    run, goal = study.run, study.goal
    state = run.get("state", "")
    reason = run.get("end_reason", "")
    rows = [("state", f"{state} ({reason})" if reason else state), ("strategy", run.get("strategy", "")),
            ("model", run.get("model_path", "")), ("metric", run.get("metric", "")),
            ("fp32 accuracy", f"{goal.get('baseline_accuracy', float('nan')):.6g}"),
            ("goal", f"{goal.get('limit', float('nan')):.6g} ({goal.get('kind', '')} loss {goal.get('loss', 0):.4g})"),
            ("trials", str(len(study.trials))), ("instruction set", run.get("isa", "")),
            ("version", f"{run.get('version', '')} ({run.get('git', '')})"), ("command", run.get("command", ""))]
    number = study.delivered_trial()
    if number is not None:
        row = study.trials[study.trials.trial == number].iloc[0]
        rows.insert(3, ("delivered", f"trial {number} ({row.verdict}): accuracy {row.accuracy:.6g}"))
    else:
        rows.insert(3, ("delivered", "nothing yet"))
    frame = pandas.DataFrame(rows, columns=["", " "])
    config = study.h5.array("/run/config")
    shown = html.escape(text(config[0])) if config is not None and len(config) else ""
    return frame.to_html(index=False, header=False, border=0, classes="facts") + \
        f"<details><summary>Effective config</summary><pre>{shown}</pre></details>"


def accuracy_section(study):
    import plotly.graph_objects as go
    trials = study.trials
    if trials.empty:
        return missing("No trial has finished yet.")
    figure = go.Figure()
    for verdict, colour in (("pass", "#2f9e8f"), ("fail", "#c2574f")):
        rows = trials[(trials.verdict == verdict) & trials.accuracy.notna()]
        error = {"type": "data", "symmetric": False, "array": rows.high95 - rows.accuracy,
                 "arrayminus": rows.accuracy - rows.low95, "thickness": 1} if len(rows) and rows.low95.notna().any() else None
        figure.add_scatter(x=rows.trial, y=rows.accuracy, error_y=error, mode="markers", name=verdict,
                           marker={"color": colour, "size": 7}, text=rows.stage)
    early = trials[trials.bound_high.notna()]
    figure.add_scatter(x=early.trial, y=early.bound_high, mode="markers", name="ended early: at most",
                       marker={"symbol": "triangle-down", "color": "#999999", "size": 8}, text=early.stage)
    number = study.delivered_trial()
    chosen = trials[trials.trial == number] if number is not None else trials[:0]
    figure.add_scatter(x=chosen.trial, y=chosen.accuracy, mode="markers", name="delivered",
                       marker={"symbol": "circle-open", "color": "#000000", "size": 14, "line": {"width": 2}})
    for key, name, dash in (("baseline_accuracy", "fp32", "dot"), ("limit", "goal", "dash")):
        value = study.goal.get(key)
        if value is not None and value == value:
            figure.add_hline(y=float(value), line_dash=dash, annotation_text=name, line_color="#555555")
    figure.update_xaxes(title="trial")
    figure.update_yaxes(title=study.run.get("metric") or "accuracy")
    columns = ["trial", "stage", "verdict", "accuracy", "low95", "high95", "bound_low", "bound_high", "samples",
               "high_precision_units", "wall_s", "failure"]
    return figure_html(figure) + table_html(trials[columns])


def on_front(cost, accuracy, higher_is_better):
    """Which points no other beats in one and matches in the other."""
    sign = 1 if higher_is_better else -1
    order = sorted(range(len(cost)), key=lambda i: (cost[i], -sign * accuracy[i]))
    best, front = None, [False] * len(cost)
    for i in order:
        if best is None or sign * accuracy[i] > best:
            best, front[i] = sign * accuracy[i], True
    return front


def cost_section(study):
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots
    trials = study.trials
    if trials.empty:
        return missing("No trial has finished yet.")
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.05)
    tables = ""
    drawn = False
    for column, (key, title) in enumerate((("latency_ms", "latency by the table, ms"), ("bytes", "bytes of weights")), 1):
        rows = trials[trials.accuracy.notna() & trials[key].notna() & (trials[key] >= 0)].copy()
        figure.update_xaxes(title=title if len(rows) else title + " (not recorded)", row=1, col=column)
        if rows.empty:
            continue
        drawn = True
        rows["front"] = on_front(rows[key].tolist(), rows.accuracy.tolist(), bool(study.goal.get("higher_is_better", 1)))
        figure.add_trace(go.Scatter(x=rows[key], y=rows.accuracy, mode="markers", name="trials", text=rows.trial,
                                    marker={"color": "#3a7ca5"}, showlegend=column == 1), row=1, col=column)
        front = rows[rows.front].sort_values(key)
        figure.add_trace(go.Scatter(x=front[key], y=front.accuracy, mode="lines+markers", name="Pareto front",
                                    text=front.trial, line={"color": "#c2574f", "shape": "hv"}, showlegend=column == 1),
                         row=1, col=column)
        tables += table_html(rows[["trial", "accuracy", key, "front"]], f"As a table: {title}")
    limit = study.goal.get("limit")
    if limit is not None and limit == limit:
        figure.add_hline(y=float(limit), line_dash="dash", line_color="#555555")
    figure.update_yaxes(title=study.run.get("metric") or "accuracy", row=1, col=1)
    return figure_html(figure) + tables if drawn else missing("No finished trial has a recorded latency or size.")


def alone(study):
    """What a unit alone in high precision gives: (table, title) of the output's error, else of the accuracy."""
    import pandas
    rows = study.sensitivity
    if not rows.empty:
        single = rows[(rows.kind == "output_error") & (rows.fallback.str.len() > 0) & ~rows.fallback.str.contains(" ")]
        if len(single):
            last = single.groupby("fallback", sort=False).tail(1)
            return (pandas.DataFrame({"unit": last.fallback, "value": last.relative}),
                    "error of the output with this unit alone in high precision (noise to signal)")
    if study.dtypes is None or study.trials.empty or study.units.empty:
        return None, ""
    high = [i for i, name in enumerate(study.dtype_names) if name in ("fp32", "bf16")]
    plans = [[code in high for code in row] for row in study.dtypes.tolist()]
    fewest = [all(column) for column in zip(*plans)]  # units that are never quantized say nothing
    found = {}
    for plan, accuracy in zip(plans, study.trials.accuracy):
        units = [u for u, is_high in enumerate(plan) if is_high and not fewest[u]]
        if len(units) == 1 and accuracy == accuracy:
            found[study.units.name.iloc[units[0]]] = accuracy
    if not found:
        return None, ""
    return (pandas.DataFrame({"unit": list(found), "value": list(found.values())}),
            "accuracy with this unit alone in high precision")


def sensitivity_section(study):
    import plotly.graph_objects as go
    parts = []
    errors = study.unit_errors()
    if errors is not None:
        figure = go.Figure(go.Bar(x=errors.index, y=errors.relative, marker_color="#3a7ca5"))
        figure.update_yaxes(title="noise to signal of the unit's output", type="log")
        parts.append(figure_html(figure) + table_html(
            errors.reset_index()[["name", "relative", "lpot", "sqnr_db", "cosine", "samples"]]))
    frame, title = alone(study)
    if frame is not None:
        places = {name: place for place, name in enumerate(study.units.name)}
        frame = frame.sort_values("unit", key=lambda names: names.map(places))
        figure = go.Figure(go.Bar(x=frame.unit, y=frame.value, marker_color="#d9a441"))
        spread = frame.value.max() - frame.value.min()
        margin = spread / 4 + 1e-9
        figure.update_yaxes(title=title.replace(" with ", "<br>with "),
                            range=[frame.value.min() - margin, frame.value.max() + margin])
        parts.append(figure_html(figure) + table_html(frame, "As a table: " + title))
    return "".join(parts) or missing("This run measured no sensitivity of single units.")


def dtype_section(study):
    import pandas
    import plotly.graph_objects as go
    if study.dtypes is None or not study.dtypes.size:
        return missing("No trial has finished yet.")
    names = study.dtype_names
    colours = [DTYPE_COLOURS.get(name, OTHER_COLOUR) for name in names]
    steps = []
    for i in range(len(names)):
        steps += [[i / len(names), colours[i]], [(i + 1) / len(names), colours[i]]]
    ticks = [i + 0.5 for i in range(len(names))]
    figure = go.Figure(go.Heatmap(
        z=study.dtypes + 0.5, x=study.units.name, y=study.trials.trial, colorscale=steps, zmin=0, zmax=len(names),
        colorbar={"tickvals": ticks, "ticktext": names}, hovertemplate="trial %{y}, %{x}<extra></extra>"))
    figure.update_xaxes(title="unit", tickangle=60, showticklabels=len(study.units) <= 80)
    figure.update_yaxes(title="trial", autorange="reversed")
    own = {"unknown": "?", "int4 weights": "4", "int8 weights": "8"}
    letters = {i: own.get(name, name[0].upper()) for i, name in enumerate(names)}
    frame = pandas.DataFrame({"trial": study.trials.trial,
                              "units in order": ["".join(letters[code] for code in row) for row in study.dtypes.tolist()]})
    legend = ", ".join(f"{letters[i]} {name}" for i, name in enumerate(names))
    return figure_html(figure, 520) + table_html(frame, f"As a table: {legend}")


# ---- distributions ----

def clip_ranges(study):
    """unit -> the reals that the delivered codes of its output can represent."""
    if study.tensors.empty:
        return {}
    codes = {"uint8": (0, 255), "int8": (-128, 127)}
    ranges = {}
    for row in study.tensors.itertuples():
        lowest, highest = codes.get(row.dtype, (0, 0))
        ranges[row.value] = (row.scale * (lowest - row.zero_point), row.scale * (highest - row.zero_point))
    return {unit: ranges[output] for unit, output in zip(study.units.name, study.units.output) if output in ranges}


def distribution_section(study, dump):
    import numpy
    import pandas
    import plotly.graph_objects as go
    histograms = from_dump(dump) if dump else from_run(study) or from_calibration(study)
    if not histograms:
        return missing("No distributions: run with tuning.tensorboard: True, or pass --dump.")
    clips = clip_ranges(study)
    figure, buttons, rows = go.Figure(), [], []
    for number, h in enumerate(histograms):
        bins = len(h.fp32) - 2
        centres = numpy.linspace(h.low, h.high, bins + 1)[:-1] + (h.high - h.low) / bins / 2
        for name, counts, colour in (("fp32", h.fp32, "#c2574f"), ("quantized", h.quantized, "#3a7ca5")):
            y = [] if counts is None else counts[1:-1]
            figure.add_scatter(x=centres if counts is not None else [], y=y, name=name, line={"color": colour, "shape": "hvh"},
                               visible=number == 0)
        clip = clips.get(h.unit)
        shapes = [] if clip is None else [
            {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": {"dash": "dash", "color": "#333333"}}
            for x in clip]
        visible = [i // 2 == number for i in range(2 * len(histograms))]
        buttons.append({"label": h.unit, "method": "update", "args": [{"visible": visible}, {"shapes": shapes}]})
        if number == 0:
            figure.update_layout(shapes=shapes)
        rows.append({"unit": h.unit, "bins from": h.low, "to": h.high,
                     "represented from": clip[0] if clip else None, "represented to": clip[1] if clip else None,
                     "fp32": " ".join(map(str, h.fp32)),
                     "quantized": "" if h.quantized is None else " ".join(map(str, h.quantized))})
    figure.update_layout(updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.2, "yanchor": "top"}])
    figure.update_xaxes(title="value of the unit's output (dashed: the ends of what its codes can represent)")
    figure.update_yaxes(title="elements", type="log")
    note = f"<p>Of the {html.escape(histograms[0].source)}. Choose a unit.</p>"
    return note + figure_html(figure, 460) + table_html(
        pandas.DataFrame(rows), "As a table: counts below the bins, in equally wide bins, above them")


def why_section(study):
    import pandas
    if study.delivered.empty:
        return missing("Nothing was delivered yet.")
    errors = study.unit_errors()
    times = {} if study.unit_latency.empty else {(r.unit, r.option): r.ms for r in study.unit_latency.itertuples()}
    options = study.h5.array("/plans/option")
    number = study.delivered_trial()
    places = study.trials.trial.tolist()
    chosen = options[places.index(number)] if options is not None and number in places else None
    rows = []
    for row in study.delivered.itertuples():
        unit = study.units.name.tolist().index(row.name) if row.name in set(study.units.name) else None
        won = None
        if unit is not None and chosen is not None and times:
            last = int(study.units.options.iloc[unit]) - 1  # fp32 comes last
            own, real = times.get((unit, int(chosen[unit]))), times.get((unit, last))
            won = None if own is None or real is None else real - own
        is_quantized = row.activation_dtype in ("int8", "uint8")
        group = int(getattr(row, "weight_group_size", 0))  # files of earlier versions have no such column
        weight = f"{row.weight_dtype}, group {group}" if group else row.weight_dtype
        rows.append({"unit": row.name, "op": row.op, "dtype": row.activation_dtype,
                     "weight": f"{row.weight_dtype} {row.weight_granularity}" if is_quantized else weight,
                     "algorithm": row.activation_algorithm if is_quantized else "",
                     "error (noise to signal)": None if errors is None or row.name not in errors.index
                     else errors.relative[row.name], "latency won, ms": won, "reason where not quantized": row.why})
    frame = pandas.DataFrame(rows)
    for numbers in ("error (noise to signal)", "latency won, ms"):
        frame[numbers] = pandas.to_numeric(frame[numbers])
    return frame.to_html(index=False, border=0, na_rep="–", float_format=lambda x: f"{x:.4g}", classes="data")


STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1200px; margin: 0 auto; padding: 0 16px 60px; color: #222 }
h1 { font-size: 24px } h2 { font-size: 19px; margin-top: 40px; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; font-size: 13px } td, th { padding: 3px 9px; text-align: left; border-bottom: 1px solid #eee }
table.data td { font-variant-numeric: tabular-nums } .facts td:first-child { color: #666 }
.scroll { max-height: 420px; overflow: auto } .missing { color: #777; font-style: italic } summary { cursor: pointer; color: #3a7ca5 }
.verdict { font-size: 22px; margin: 8px 0 } progress { width: 240px } .next { margin-top: 0 } code { background: #f6f6f6; padding: 1px 5px }
pre { background: #f6f6f6; padding: 10px; overflow: auto; max-height: 420px }
"""


def page(study, dump, name):
    import plotly.offline
    sections = [("summary", "Summary", summary(study)),
                ("accuracy", "Accuracy of the trials, with 95 % intervals", accuracy_section(study)),
                ("cost", "Accuracy against latency and size", cost_section(study)),
                ("sensitivity", "Sensitivity of the units", sensitivity_section(study)),
                ("dtypes", "Types of the units in each trial", dtype_section(study)),
                ("distributions", "Distributions of the units' outputs", distribution_section(study, dump)),
                ("why", "Why this layer", why_section(study))]
    body = "".join(f"<section id={key}><h2>{title}</h2>{content}</section>" for key, title, content in sections)
    # The favicon keeps browsers from asking for one.
    return (f"<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{html.escape(name)}</title>"
            f"<link rel=icon href='data:,'><style>{STYLE}</style>"
            f"<script>{plotly.offline.get_plotlyjs()}</script></head><body><h1>Halftone: {html.escape(name)}</h1>"
            f"{first_screen(study)}{body}"
            "</body></html>")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog="Example: scripts/report.py study.h5 "
                                     "--output report.html")
    parser.add_argument("study", type=pathlib.Path, help="study.h5, written by halftone report WORKSPACE --study")
    parser.add_argument("--dump", type=pathlib.Path, help="folder of a dump, for the distributions")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the HTML file to write")
    options = parser.parse_args()
    if options.output.exists() and options.study.exists() and options.output.samefile(options.study):
        raise Failure(2, f"--output: '{options.output}' is the study and would be lost; choose another path")
    use_environment()
    study = Study(options.study)
    content = page(study, options.dump, str(study.run.get("model_path") or options.study))
    temporary = options.output.with_name(options.output.name + ".tmp")
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(options.output)
    except OSError as error:
        raise Failure(4, f"cannot write '{options.output}': {error.strerror}") from error
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(failure.code)
