"""What the meters of this process have counted."""

from prometheus_client import REGISTRY


def counted(name, **labels):
    """The value of one sample; 0 for one that was never counted."""
    return REGISTRY.get_sample_value(name, labels) or 0


class Growth:
    """By how much samples grow from here on."""

    def __init__(self):
        self._before = _values()

    def of(self, name, **labels):
        key = (name, tuple(sorted(labels.items())))
        return round(_values().get(key, 0) - self._before.get(key, 0), 9)

    def labels_of(self, name):
        """The labels of every sample of that name that grew, with its growth."""
        return {
            labels: value - self._before.get((own, labels), 0)
            for (own, labels), value in _values().items()
            if own == name and value != self._before.get((own, labels), 0)
        }


def _values():
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }
