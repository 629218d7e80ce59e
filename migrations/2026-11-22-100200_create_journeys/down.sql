DROP TABLE challenges;
DROP TABLE journeys;
