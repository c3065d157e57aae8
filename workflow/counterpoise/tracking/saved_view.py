"""A saved view of MLflow's page of runs: columns, order and charts for a cohort.

By default MLflow shows no tags and no metrics in its table, and ten runs in no order. The view is
listed under "Views" of the experiment. Its format is that of MLflow 3.17's "Save as new view";
earlier versions read the state outside the envelope.
"""

from __future__ import annotations

import json
from typing import Any

from counterpoise.errors import strip_credentials
from counterpoise.tracking.values import CURVE

CURRENT = "counterpoise.current"  # tag of the run that the files hold now
VIEW = "counterpoise"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"  # of the experiment

METRICS = (CURVE, "iterations", "median_se", "kept_fraction", "seconds")
COLUMNS = [
    "tags.`fitness`",
    "tags.`status`",
    "tags.`condition`",
    *(f"metrics.`{name}`" for name in METRICS),
]
CHART = {
    "uuid": VIEW,
    "type": "LINE",
    "runsCountToCompare": 20,
    "metricSectionId": CURVE,
    "deleted": False,
    "isGenerated": False,
    "metricKey": CURVE,
    "selectedMetricKeys": [CURVE],
    "lineSmoothness": 0,
    "xAxisScaleType": "linear",
    "scaleType": "linear",
    "xAxisKey": "step",
    "selectedXAxisMetricKey": "",
    "displayPoints": False,
    "yAxisKey": "metric",
    "yAxisExpressions": [],
    "range": {},
}
SECTION = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
SECTIONS = [
    {**SECTION, "uuid": CURVE, "name": "convergence", "columns": 1, "cardHeight": 520},
    {**SECTION, "uuid": "metrics", "name": "Model metrics"},
    {**SECTION, "uuid": "system", "name": "System metrics"},
]
STATE: dict[str, Any] = {
    "searchFilter": f"tags.`{CURRENT}` = 'true'",
    "orderByKey": "tags.`mlflow.runName`",
    "orderByAsc": True,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "selectedColumns": COLUMNS,
    "columnOrder": [],
    "columnWidths": {},
    "runsExpanded": {},
    "runsPinned": [],
    "runsHidden": [],
    "runsVisibilityMap": {},
    "runsHiddenMode": "FIRST_20_RUNS",
    "compareRunCharts": [CHART],
    "compareRunSections": SECTIONS,
    "viewMaximized": False,
    "runListHidden": False,
    "isAccordionReordered": False,
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "groupBy": None,
    "groupsExpanded": {},
    "autoRefreshEnabled": False,
    "globalLineChartConfig": {
        "xAxisKey": "step",
        "lineSmoothness": 0,
        "selectedXAxisMetricKey": "",
    },
}


def saved_view() -> str:
    """Return the view as the experiment's tag ``VIEW_TAG`` stores it.

    Returns
    -------
    str
        JSON, with the state once as text for MLflow 3.17 and once as keys for earlier versions.
    """
    return json.dumps({"name": "Counterpoise", "createdAt": 0, "state": json.dumps(STATE), **STATE})


def page_address(uri: str, experiment: str) -> str:
    """Return the address at which a browser shows an experiment in this view.

    Parameters
    ----------
    uri : str
        Address of the server.
    experiment : str
        The experiment's id.

    Returns
    -------
    str
        The address without credentials.
    """
    server = strip_credentials(uri).rstrip("/")
    runs = f"{server}/#/experiments/{experiment}/runs"
    return f"{runs}?viewStateShareKey={VIEW}&compareRunsMode=CHART"
