"""A program in Python that shares a table with one in Rust: `shop.py ENDPOINT VERB ...`, answers in JSON."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE = "stocks"


def client(endpoint):
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20),
    )


def read(db, article):
    return db.get_item(TableName=TABLE, Key={"article": {"S": article}}, ConsistentRead=True)["Item"]


def sell(db, article, count, seen):
    """Sells if nobody has changed the stock since version `seen`."""
    db.update_item(
        TableName=TABLE,
        Key={"article": {"S": article}},
        UpdateExpression="SET #c = #c - :count, #v = :next",
        ConditionExpression="#v = :seen",
        ExpressionAttributeNames={"#c": "count", "#v": "version"},
        ExpressionAttributeValues={
            ":count": {"N": count},
            ":seen": {"N": seen},
            ":next": {"N": str(int(seen) + 1)},
        },
    )
    return "sold"


def stock(db, article, count):
    """A new article, if there is none of that name."""
    db.put_item(
        TableName=TABLE,
        Item={
            "article": {"S": article},
            "count": {"N": count},
            "labels": {"SS": ["new"]},
            "version": {"N": "1"},
        },
        ConditionExpression="attribute_not_exists(article)",
    )
    return "stocked"


def move(db, source, target, count):
    """All or nothing, of two articles."""
    change = lambda article, sign: {
        "Update": {
            "TableName": TABLE,
            "Key": {"article": {"S": article}},
            "UpdateExpression": "ADD #c :count, #v :one",
            "ConditionExpression": "attribute_exists(article)",
            "ExpressionAttributeNames": {"#c": "count", "#v": "version"},
            "ExpressionAttributeValues": {":count": {"N": sign + count}, ":one": {"N": "1"}},
        }
    }
    db.transact_write_items(TransactItems=[change(source, "-"), change(target, "")])
    return "moved"


def count(db):
    """All articles, page by page."""
    pages = db.get_paginator("scan").paginate(TableName=TABLE, PaginationConfig={"PageSize": 3})
    return sorted(item["article"]["S"] for page in pages for item in page["Items"])


def main(endpoint, verb, *arguments):
    verbs = {"read": read, "sell": sell, "stock": stock, "move": move, "count": count}
    try:
        answer = verbs[verb](client(endpoint), *arguments)
    except ClientError as error:
        answer = {"refused": error.response["Error"]["Code"]}
    json.dump(answer, sys.stdout)


main(*sys.argv[1:])
