"""Fine-tuning for real, small: a checkpoint of synthetic products learns a set with a word that it never saw."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from products import write_product_zip

from ecomgen.errors import ConfigError, DataError
from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.training import finetune as module
from ecomgen.training.finetune import PLAN, Rates, finetune, plan, read_plan
